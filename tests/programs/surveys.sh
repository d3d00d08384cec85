#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Real files of LAMOST, BOSS and APOGEE as they are, with a small library of PHOENIX spectra.
set -euo pipefail
source "$(dirname "$0")/common.bash"

real=${RVFIT_SHARED_DATA:-}/real
if [ ! -d "$real/phoenix" ]; then
  echo "[skipped] RVFIT_SHARED_DATA is not set, or nothing is there"
  exit 77
fi
require_python astropy numpy
"$python" "$RVFIT_SOURCE_DIR/tests/programs/survey_library.py" "$real/phoenix" phoenix.fits
"$python" "$RVFIT_SOURCE_DIR/tests/programs/survey_library.py" "$real/kurucz_stds_v5.fit" kurucz.fits

# fit PROGRAM LIBRARY FOLDER ARGUMENT...: exit code 0.
fit() {
  local program=$1 library=$2 folder=$3
  shift 3
  "$RVFIT_BIN_DIR/rvfit_$program" --emulator "$library.fits" --quiet --output-dir "$folder" "$@" > "$folder.txt" 2>&1 ||
    fail "$program $*: $(cat "$folder.txt")"
}

boss=$real/boss-spec-3586-55181-0500.fits
fit lamost kurucz low --wave-range 4000:5600 "$real"/lamost-lrs/*.fits.gz
fit lamost phoenix medium --fit-arm B "$real"/lamost-mrs/*.fits
fit lamost phoenix exposures --exposures --rv-per-exposure --fit-arm B "$real"/lamost-mrs/*.fits
# The line spread of these models is not told. chi2 is least at 0.7 to 0.8 Angstrom (8434; 8517 at 0, 8456 at 0.9 and 9180
# without the spectrum's own, 1.3 Angstrom and more), which is a pixel's, and no rotation is left then.
fit sdss kurucz coadd --lsf-sigma 0.7 "$boss"
fit sdss kurucz blunt --lsf none "$boss"
fit sdss kurucz cameras --lsf-sigma 0.7 --exposures "$boss"
fit apogee phoenix visit "$real"/apogee-apVisit-*.fits
fit apogee phoenix chips --rv-per-arm "$real"/apogee-apVisit-*.fits
"$python" "$RVFIT_SOURCE_DIR/tests/programs/surveys.py" "$real/lamost-lrs.csv"

# The same visit against a library that says air is off by what that means.
"$python" -c "
from astropy.io import fits
with fits.open('phoenix.fits') as hdus:
    hdus['APOGEE_INPUT'].header['MEDIUM'] = 'AIR'
    for hdu in hdus:
        hdu.add_checksum()
    hdus.writeto('air.fits')"
"$RVFIT_BIN_DIR/rvfit_apogee" --emulator air.fits --quiet --output-dir air "$real"/apogee-apVisit-*.fits
"$python" -c "
from astropy.io import fits
rv = [fits.getdata(f'{run}/rvtab_apogee-apVisit-r13-9518-57729-104.fits', 'RVTAB')['VRAD'][0] for run in ('visit', 'air')]
print('visit in vacuum, taken for air:', rv)
assert abs(rv[0] - rv[1] - 82.0) < 2.0"
