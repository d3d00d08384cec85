#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The programs' command lines: help, version, what is refused before anything is read.
set -euo pipefail
source "$(dirname "$0")/common.bash"

declared=$(sed -n 's/^ *VERSION \([0-9.]*\).*/\1/p' "$RVFIT_SOURCE_DIR/CMakeLists.txt" | head -1)
for program in rvfit_apogee rvfit_desi rvfit_lamost rvfit_sdss rvfit_simulate rvfit_table rvfit_weave; do
  "$RVFIT_BIN_DIR/$program" --help > help.txt
  grep -q -- '--emulator' help.txt || fail "$program --help"
  [ "$("$RVFIT_BIN_DIR/$program" --version)" = "$program $declared" ] || fail "$program --version"
done

# Every option is on the program's page, and none but those.
"$RVFIT_BIN_DIR/rvfit_desi" --help > help.txt
grep -oE '^  -[^ ]*' help.txt | grep -oE -- '--[a-z-]+' | sort -u > options.txt
grep -E '^\| `-' "$RVFIT_SOURCE_DIR/docs/rvfit_desi.md" | cut -d'|' -f2 | grep -oE -- '--[a-z-]+' | sort -u > documented.txt
diff options.txt documented.txt || fail "--help (<) and docs/rvfit_desi.md (>) differ"

touch a.fits
desi=(rvfit_desi --emulator none.fits --output-dir out)
expect_bad 'required' rvfit_desi
expect_bad 'FILE is required' "${desi[@]}"
expect_bad 'nonsense' "${desi[@]}" --nonsense a.fits
expect_bad '--npolly: no such option; did you mean --npoly?' "${desi[@]}" --npolly 5 a.fits
expect_bad "did you mean chebyshev?" "${desi[@]}" --continuum chebychev a.fits
expect_bad 'npoly' "${desi[@]}" --npoly 0 a.fits
expect_bad 'fit-arm' "${desi[@]}" --fit-arm b,u a.fits
expect_bad 'range of rv is empty' "${desi[@]}" --min-vel 10 --max-vel 5 a.fits
expect_bad "'logg', expected NAME=NUMBER" "${desi[@]}" --fix-param logg a.fits
expect_bad "'nan' is not a number from" "${desi[@]}" --max-vgauss nan a.fits
expect_bad "'NaN' is no number" "${desi[@]}" --min-vel NaN a.fits
expect_bad "'4x' is no number" "${desi[@]}" --fix-param logg=4x a.fits
expect_bad 'x/a.fits and y/a.fits.gz would both give out/rvtab_a.fits' "${desi[@]}" x/a.fits y/a.fits.gz
printf '%s\n' x/a.fits y/a.fits > list.txt
expect_bad 'would both give out/rvtab_a.fits' "${desi[@]}" --input-file-from list.txt
expect_bad 'absent.txt: list of files cannot be read' "${desi[@]}" --input-file-from absent.txt
expect_bad 'none.fits: no such file' "${desi[@]}" a.fits
expect_bad 'stars' rvfit_simulate --emulator none.fits --output out/x.fits --stars 0
expect_bad 'range of S/N is empty' rvfit_simulate --emulator none.fits --output out/x.fits \
  --snr-min 9 --snr-max 8
expect_bad 'none.fits: no such file' rvfit_simulate --emulator none.fits --output out/x.fits
expect_bad 'cannot be created' rvfit_simulate --emulator "$demo_emulator" --output out/x.fits --stars 1
