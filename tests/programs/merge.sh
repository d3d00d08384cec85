#!/bin/bash
# SPDX-License-Identifier: MIT
#
# One table of many files: its rows are those of the files' own tables, in their order, with their names; files of one name
# in two folders are two files; a run that is killed goes on where it ended; a bad file is tried again.
set -euo pipefail
source "$(dirname "$0")/common.bash"

require_python astropy numpy
mkdir a b
for n in 1 2 3; do
  "$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output a/star-$n.fits --seed $n --stars $n --snr-min 50 --snr-max 50
done
cp a/star-1.fits b/star-1.fits
printf '%s\n' '# a list' a/star-3.fits b/star-1.fits a/star-1.fits a/star-2.fits > list.txt
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet --input-file-from list.txt)
"${desi[@]}" --merge good/all.fits
[ "$(ls -A good)" = all.fits ] || fail "left in good: $(ls -A good)"
"$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet --output-dir own a/star-[123].fits
"$python" - << 'END'
import numpy as np
from astropy.io import fits

rows = fits.getdata("good/all.fits", "RVTAB")
assert list(rows["INFILE"]) == ["a/star-3.fits"] * 3 + ["b/star-1.fits", "a/star-1.fits"] + ["a/star-2.fits"] * 2
own = [fits.getdata(f"own/rvtab_star-{n}.fits", "RVTAB") for n in (3, 1, 1, 2)]
assert rows.columns.names[1:] == own[0].columns.names
for name in own[0].columns.names:
    assert np.array_equal(rows[name], np.concatenate([part[name] for part in own]),
                          equal_nan=rows[name].dtype.kind == "f"), name
header = fits.getheader("good/all.fits")
assert header["NFILES"] == 4 and header["NMISSING"] == 0 and "INFILE" not in header and "EMULATOR" in header
units = [c.unit for c in rows.columns[1:]]
assert units == [c.unit for c in own[0].columns]
END

# Parts of a run that was killed after two files; another command must not go on with them.
mkdir out
sed 3q list.txt > first.txt
cp list.txt whole.txt && cp first.txt list.txt && echo absent.fits >> list.txt
"${desi[@]}" --merge out/all.fits 2> stderr.txt && fail "an absent file, code 0"
grep -q 'absent.fits: no such file' stderr.txt || fail "stderr: $(cat stderr.txt)"
[ "$(find out/all.fits.parts -name '*_star-*.fits' | wc -l)" -eq 2 ] || fail "parts: $(ls out/all.fits.parts)"
cp whole.txt list.txt
rm out/all.fits
code=0
"${desi[@]}" --npoly 9 --merge out/all.fits 2> stderr.txt || code=$?
[ "$code" -eq 2 ] && grep -q 'of another command' stderr.txt || fail "code $code: $(cat stderr.txt)"
cp -a out two_parts
for delay in 0.1 0.03 0.01 0.003 0; do # until the kill comes before the end
  rm -r out && cp -a two_parts out
  before=$(stat -c %Y.%i out/all.fits.parts/*_star-3.fits)
  "$python" - $delay "${desi[@]}" --merge out/all.fits << 'END'
import subprocess, sys, time
run = subprocess.Popen(sys.argv[2:])
time.sleep(float(sys.argv[1]))
run.kill()
run.wait()
END
  [ -e out/all.fits ] || break
done
[ ! -e out/all.fits ] || fail "no run was killed before its end"
[ "$(stat -c %Y.%i out/all.fits.parts/*_star-3.fits)" = "$before" ] || fail "a part was written again"
touch -d '2 days ago' out/.all.fits.00000000-1-1.tmp # as a run of another machine leaves it, killed at the very end
"${desi[@]}" --merge out/all.fits
"$python" "$RVFIT_SOURCE_DIR/tests/programs/same_outputs.py" all good out
before=$(stat -c %Y.%i out/all.fits)
"${desi[@]}" --merge out/all.fits --skip-existing
[ "$(stat -c %Y.%i out/all.fits)" = "$before" ] && [ "$(ls -A out)" = all.fits ] || fail "written again"

rm -r out
expect_bad '--merge: wants the whole list' rvfit_desi --emulator "$demo_emulator" --merge all.fits --input-file-from list.txt --queue-file
