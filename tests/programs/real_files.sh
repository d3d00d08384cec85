#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Real files, of galaxies, sky and a white dwarf: rows with warnings or statuses, and no crash.
set -euo pipefail
source "$(dirname "$0")/common.bash"

real=${RVFIT_SHARED_DATA:-}/real
if [ ! -d "$real" ]; then
  echo "[skipped] RVFIT_SHARED_DATA is not set"
  exit 77
fi
coadd=$real/desi-coadd-4-80613-thru20210324.fits
spectra=$real/desi-spectra-sv3-dark-26065.fits # tile-compressed masks
sdss=$real/sdss-spec-0266-51602-0031.fits

# fit STARS ARGUMENT...: exit code 0, that many rows, nothing on stderr.
fit() {
  local stars=$1
  shift
  "$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --output-dir out --all-rows --write-models \
    --summary-json summary.json "$@" > stdout.txt 2> stderr.txt || fail "$* -> $?: $(cat stderr.txt)"
  [ ! -s stderr.txt ] || fail "$*: $(cat stderr.txt)"
  grep -q "\"stars\": $stars," summary.json || fail "$*: $(cat summary.json)"
}

fit 1 "$coadd"
fit 5 "$spectra"
fit 6 "$coadd" "$spectra"
fit 5 --join-exposures "$spectra" # five targets of an exposure each
rm -r out

# The library covers a part of it.
"$RVFIT_BIN_DIR/rvfit_sdss" --emulator "$demo_emulator" --arm desi_r --output-dir out --quiet "$sdss" \
  2> stderr.txt || fail "$sdss -> $?: $(cat stderr.txt)"
rm -r out

expect_bad "no arm 'sdss1', there are: desi_b, desi_r, desi_z" \
  rvfit_sdss --emulator "$demo_emulator" --output-dir out "$sdss"
expect_bad "HDU '1': has no column flux" \
  rvfit_sdss --emulator "$demo_emulator" --arm desi_r --output-dir out "$coadd"
