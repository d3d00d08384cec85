#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Bad files: each a one-line error with exit code 2 and no output. (Those that take more than cutting
# bytes to make are in edited_files.cpp.)
set -euo pipefail
source "$(dirname "$0")/common.bash"

"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output good.fits --stars 3
gzip -k good.fits
size=$(stat -c %s good.fits)
desi=(rvfit_desi --emulator "$demo_emulator" --output-dir out)

expect_bad 'absent.fits: no such file' "${desi[@]}" absent.fits
mkdir folder
expect_bad 'folder: is a folder' "${desi[@]}" folder
echo 'not a FITS file' > text.fits
expect_bad 'text.fits: cannot be read as a FITS file: does not begin with SIMPLE' "${desi[@]}" text.fits
true > empty.fits
expect_bad 'empty.fits: cannot be read as a FITS file' "${desi[@]}" empty.fits
head -c $((size - 2880)) good.fits > cut.fits
expect_bad "cut.fits: truncated: HDU 'TRUTH' ends at byte $size" "${desi[@]}" cut.fits
head -c $((size / 2)) good.fits > cut.fits
expect_bad 'cut.fits: truncated' "${desi[@]}" cut.fits
head -c 50000 good.fits.gz > cut.fits.gz
expect_bad 'cut.fits.gz: ' "${desi[@]}" cut.fits.gz
head -c -4 good.fits.gz > cut.fits.gz
expect_bad 'cut.fits.gz: truncated' "${desi[@]}" cut.fits.gz
LC_ALL=C sed "s/^\(.*\)'B_IVAR  '/\1'B_RAVI  '/" good.fits > renamed.fits
expect_bad "renamed.fits: HDU 'B_IVAR' missing" "${desi[@]}" renamed.fits
LC_ALL=C sed "s/'FIBERMAP'/'FIBREMAP'/; s/'R_IVAR  '/'R_RAVI  '/" good.fits > renamed.fits
expect_bad "renamed.fits: HDU 'FIBERMAP', 'R_IVAR' missing" "${desi[@]}" renamed.fits
expect_bad "--fix-param vmic: a fit has teff, logg" "${desi[@]}" --fix-param vmic=1 good.fits
expect_bad "and vgauss with --max-vgauss" "${desi[@]}" --fix-param vgauss=1 good.fits
expect_bad "and vsini without --rotation off" "${desi[@]}" --rotation off --priors vsini=1,1 good.fits
expect_bad "--fix-param vsini=600: outside its bounds [0, 500]" "${desi[@]}" --fix-param vsini=600 good.fits other.fits
expect_bad "--min-vel, --max-vel: templates of arm desi_b cover no wavelength at every rv from -1500 to 200000 km/s" \
  "${desi[@]}" --max-vel 200000 good.fits absent.fits # found before any file is looked at
expect_bad 'absent.fits: no such file' rvfit_desi --emulator absent.fits --output-dir out good.fits
expect_bad "RVFITFMT is '', expected 'EMULATOR'" rvfit_desi --emulator good.fits --output-dir out good.fits
head -c 100000 "$demo_emulator" > emulator.fits
expect_bad 'emulator.fits: truncated' rvfit_desi --emulator emulator.fits --output-dir out good.fits
expect_bad "no text, expected KEY: VALUE" "${desi[@]}" --config good.fits good.fits
expect_bad "--max-vsini: '-3' is not a number from 0 to 100000" "${desi[@]}" --max-vsini -3 good.fits
expect_bad "'a/b' is no part of a file's name" "${desi[@]}" --output-tab-prefix a/b good.fits
expect_bad 'rvfit_desi: FILE is required' "${desi[@]}"
expect_bad "--rv-max: 'nan' is not a number from 0 to 100000" rvfit_simulate --emulator "$demo_emulator" --output x.fits --rv-max nan
expect_bad "emulator.fits: no arm 'other', there are: desi_b" rvfit_sdss --emulator "$demo_emulator" --output-dir out --arm other a.fits b.fits
for program in "lamost|'lamost' or 'mrs_b' or 'mrs_r'" "weave|'weave_b' or 'weave_r'" "apogee|'apogee'" "sdss|'sdss1'"; do
  expect_bad "emulator.fits: no arm ${program#*|}, there are: desi_b" "rvfit_${program%|*}" --emulator "$demo_emulator" \
    --output-dir out a.fits b.fits
done
touch file
expect_bad 'folder cannot be made' rvfit_desi --emulator "$demo_emulator" --output-dir file/out good.fits
rm file
expect_bad 'emulator.fits: truncated' rvfit_simulate --emulator emulator.fits --output x.fits

# One bad file of three: the others are finished.
code=0
"$RVFIT_BIN_DIR/${desi[0]}" "${desi[@]:1}" --summary-json summary.json \
  good.fits cut.fits absent.fits 2> stderr.txt > stdout.txt || code=$?
[ "$code" -eq 2 ] || fail "exit code $code, wanted 2"
[ "$(wc -l < stderr.txt)" -eq 2 ] || fail "wanted a line for each bad file: $(cat stderr.txt)"
[ "$(ls -A out)" = rvtab_good.fits ] || fail "left in out: $(ls -A out)"
grep -q '"stars": 3' summary.json || fail "summary: $(cat summary.json)"
grep -q '^3 stars in 1 file: 3 converged$' stdout.txt || fail "summary: $(cat stdout.txt)"
