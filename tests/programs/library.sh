#!/bin/bash
# SPDX-License-Identifier: MIT
#
# rvfit_library: templates as a brute-force convolution has them, from files, images and lists, in air and in vacuum;
# a run that is killed and goes on; templates that are bad.
set -euo pipefail
source "$(dirname "$0")/common.bash"
require_python astropy matplotlib numpy

check() { "$python" "$RVFIT_SOURCE_DIR/tests/programs/library.py" "$@"; }
export RVFIT_PYTHON=$python
program=$RVFIT_BIN_DIR/rvfit_library

cat > instrument.yaml << 'END'
name: made up
medium: vacuum
margin: 200
arms:
  - {name: fixed, range: [8400, 8600], resolution: {sigma: 0.8}}
  - {name: power, range: [8500, 8800], resolution: {R: [[8000, 5000], [9000, 5000]]}, step: 20}
END
sed 's/vacuum/air/' instrument.yaml > air.yaml

mkdir phoenix
check make phoenix
"$program" --templates phoenix --instrument instrument.yaml --output grid.fits > said.txt
cat said.txt
grep -q '5 templates found, 5 used, 1 holes in the grid, 1 complete cells' said.txt || fail "counts"
grep -q 'headers say that wavelengths are in air, lines are where they are in vacuum' said.txt || fail "medium"
grep -q 'feh is 0 in all templates' said.txt || fail "a label that does not change"
grep -q 'arm power: 1.3 pixels to the least sigma, 1.5 wanted.* widens vsini below 40 km/s' said.txt || fail "sampling"
! grep -q 'arm fixed: .* pixels to the least sigma' said.txt || fail "a warning for no reason"
check check grid.fits vacuum
[ ! -e grid.fits.work ] || fail "the work file is left"

"$program" --templates phoenix --instrument air.yaml --output air.fits --quiet
check check air.fits air

check image image.fits
"$program" --templates image.fits --templates-medium vacuum --instrument instrument.yaml --output image-grid.fits --quiet
check check image-grid.fits vacuum

echo "# files and labels
file, teff, logg" > list.csv
for file in phoenix/*.fits; do
  name=$(basename "$file" .fits)
  echo "$file, ${name:3:5}, ${name#*-}" >> list.csv
done
"$program" --templates list.csv --instrument instrument.yaml --output list-grid.fits --quiet
check same grid.fits list-grid.fits

cp -r phoenix mixed-page
check bad mixed-page
check table table.fits
"$program" --templates table.fits --templates-medium vacuum --instrument instrument.yaml --output table-grid.fits --quiet
check same grid.fits table-grid.fits

mkdir text
check text text
"$program" --templates text/list.csv --templates-medium vacuum --instrument instrument.yaml --output text-grid.fits --quiet
check same grid.fits text-grid.fits

"$program" --templates phoenix --instrument instrument.yaml --output continuum.fits --normalization continuum --quiet
check continuum grid.fits continuum.fits

"$program" --templates mixed-page --instrument instrument.yaml --output page.fits --report page.html --quiet 2> /dev/null
for text in 'found<td>10' 'used<td>5' 'left out<td>5' 'holes in the grid<td>1' 'lines are where they are in vacuum' \
  'nan.fits: flux of pixel 77 is no number' '4500, 5500, 7000' 'made up'; do
  grep -qF "$text" page.html || fail "the page lacks '$text'"
done
[ "$(grep -o 'data:image/png' page.html | wc -l)" -eq 3 ] || fail "not three pictures on the page"
! grep -q 'https\?://' page.html || fail "the page has links"
RVFIT_PYTHON=/nowhere expect_bad "--report: /nowhere does not run" rvfit_library --templates phoenix \
  --instrument instrument.yaml --output out.fits --report page2.html

# Killed at any time, it goes on; the result is the same to the bit, with any number of threads.
RANDOM=7
for n in $(seq 20); do
  timeout -s KILL "0.0$((RANDOM % 90 + 10))" "$program" --templates phoenix --instrument instrument.yaml \
    --output killed.fits --quiet --threads "$((n % 3 + 1))" || true
done
"$program" --templates phoenix --instrument instrument.yaml --output killed.fits --threads 2 > /dev/null
check same grid.fits killed.fits
[ ! -e killed.fits.work ] || fail "the work file of a killed run is left"

# A line names each file that is no template, and the others go on; with --strict nothing does.
cp -r phoenix mixed
check bad mixed
"$program" --templates mixed --instrument instrument.yaml --output mixed.fits --quiet 2> stderr.txt
cat stderr.txt
[ "$(wc -l < stderr.txt)" -eq 5 ] || fail "not a line for each bad template"
for text in 'no-label.fits: has no label logg' 'short.fits: arm fixed needs' 'nan.fits: flux of pixel 77 is no number' \
  'twin.fits: has the labels of mixed/lte05500-4.50.fits' 'broken.fits'; do
  grep -qF "$text" stderr.txt || fail "no line says '$text'"
done
check same grid.fits mixed.fits
for text in "7000.0 0.5" "words"; do
  cp -r text bad-text
  sed -i "9s/.*/$text/" bad-text/star4.txt
  "$program" --templates bad-text/list.csv --templates-medium vacuum --instrument instrument.yaml --output bad-text.fits \
    --quiet 2> stderr.txt
  [ "$(wc -l < stderr.txt)" -eq 1 ] || fail "not one line for a text that is no spectrum"
  grep -qE "star4.txt: (wavelengths do not increase at pixel 7|line 9: 'words', expected a wavelength)" stderr.txt || fail "text"
  rm -r bad-text
done
expect_bad broken.fits rvfit_library --templates mixed --strict --instrument instrument.yaml --output strict.fits
for name in no-label short nan twin; do
  cp -r phoenix one-bad
  cp "mixed/$name.fits" one-bad/zz.fits
  expect_bad zz.fits rvfit_library --templates one-bad --strict --instrument instrument.yaml --output strict.fits
  rm -r one-bad
done
[ ! -e strict.fits ] || fail "a library in spite of --strict"

echo 'name: x
medium: vacuum
arms:
  - {name: a, range: [8400, 8600], resolution: {sigme: 1}}' > wrong.yaml
expect_bad "line 4: " rvfit_library --templates phoenix --instrument wrong.yaml --output out.fits
expect_bad "no installed instrument" rvfit_library --templates phoenix --instrument nowhere --output out.fits
expect_bad "'R=5000x'" rvfit_library --templates phoenix --templates-resolution R=5000x --instrument instrument.yaml \
  --output out.fits
expect_bad "nowhere: no such file" rvfit_library --templates nowhere --instrument instrument.yaml --output out.fits

# Every installed instrument is one: it is the templates that are not there.
for instrument in "$RVFIT_SOURCE_DIR"/programs/library/instruments/*.yaml; do
  expect_bad "nowhere: no such file" rvfit_library --templates nowhere --instrument "$(basename "$instrument" .yaml)" --output out.fits
  grep -q '^source: ' "$instrument" || fail "$instrument names no source"
done
