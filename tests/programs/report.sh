#!/bin/bash
# SPDX-License-Identifier: MIT
#
# --report: a page that has all that a run did, with pictures of the worst fits inside, also of files that failed and of
# those passed over; and one line where nothing can draw.
set -euo pipefail
source "$(dirname "$0")/common.bash"
require_python astropy matplotlib
export RVFIT_PYTHON=$python

name='a <b>&.fits'
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output "$name" --stars 3
echo "no FITS file" > bad.fits
desi=(rvfit_desi --emulator "$demo_emulator" --output-dir out --report pages/run.html)
RVFIT_PYTHON=/bin/false expect_bad '--report: /bin/false does not run, or lacks matplotlib' "${desi[@]}" "$name"

"$RVFIT_BIN_DIR/${desi[0]}" "${desi[@]:1}" --quiet "$name" bad.fits 2> lines.txt && fail "a bad file is no failure"
[ "$(wc -l < lines.txt)" -eq 1 ] || fail "not one line on stderr: $(cat lines.txt)"
[ "$(ls -A pages)" = run.html ] || fail "left in pages: $(ls -A pages)"
"$python" - pages/run.html lines.txt << 'PYTHON'
import html, re, sys

text = open(sys.argv[1], encoding="utf-8").read()
line = open(sys.argv[2]).read().strip().removeprefix("rvfit_desi: ")
plain = html.unescape(re.sub("<[^>]*>", " ", text))
for part in ("3 spectra in 1 file", "Files that failed: 1", line, "no warning", "Distributions",
             "The worst fits, by chi2/N", "a <b>&.fits, ", "--report pages/run.html", "CFITSIO", "Kokkos", "scan"):
    assert part in plain, (part, plain)
assert "<b>" not in text
assert "http" not in re.sub("base64,[A-Za-z0-9+/=]*", "", text), "pictures may have these letters, by chance"
assert len(re.findall('src="data:image/png;base64,', text)) == 3 + 3, "three distributions, three stars"
assert not re.findall('(?:src|href)="(?!data:)', text)
PYTHON

# The next run removes what a killed one has left, and a page that is a link stays one.
machine=$("$python" - << 'PYTHON'
import os, socket
place, value = socket.gethostname() + os.readlink("/proc/self/ns/pid"), 2166136261
for byte in place.encode():
    value = (value ^ byte) * 16777619 % 2**32
print(f"{value:08x}")
PYTHON
)
(exec true) & dead=$!
wait "$dead"
mkdir "pages/.run.html.$machine-$dead-1.tmp" far
touch "pages/.run.html.$machine-$dead-1.tmp/0.png"
mv pages/run.html far
ln -s ../far/run.html pages/run.html

# A second run that has nothing left to do counts what is there.
"$RVFIT_BIN_DIR/${desi[0]}" "${desi[@]:1}" --quiet --skip-existing "$name"
grep -q '1 file was passed over' pages/run.html || fail "nothing of the file that was passed over"
grep -q '3 spectra in 1 file' pages/run.html || fail "its spectra are not counted"
[ "$(ls -A pages)" = run.html ] || fail "left in pages: $(ls -A pages)"
[ -L pages/run.html ] && [ "$(ls -A far)" = run.html ] || fail "the link is gone: $(ls -lA pages far)"
