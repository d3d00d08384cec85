#!/bin/bash
# SPDX-License-Identifier: MIT
#
# import_library.sh LIBRARY EMULATOR: a library of the reference data as an emulator file. Skips (77)
# without the data or the Python packages that the importer needs.
set -euo pipefail
library=${RVFIT_SHARED_DATA:-}/$1
rm -f "$2"
if [ ! -d "$library" ] || ! "$RVFIT_PYTHON" "$(dirname "$0")/../support/has_packages.py" astropy h5py scipy torch; then
  echo "[skipped] no reference data, or no torch, h5py, astropy, scipy"
  exit 77
fi
"$RVFIT_PYTHON" "$RVFIT_SOURCE_DIR/tools/import_rvspecfit.py" "$library" \
  --setups desi_b,desi_r,desi_z --lsf-sigma 0.668,0.668,0.773 --output "$2"
