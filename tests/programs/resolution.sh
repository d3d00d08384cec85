#!/bin/bash
# SPDX-License-Identifier: MIT
#
# --resolution-matrix on 16 stars whose line spread is wider than the templates': rvspecfit's parameters
# with it, fast rotation without it.
set -euo pipefail
source "$(dirname "$0")/common.bash"

stars=${RVFIT_SHARED_DATA:-}/desi/coadd-resolution.fits
if [ ! -f "$stars" ] || [ ! -f "${RVFIT_SHARED_EMULATOR:-}" ]; then
  echo "[skipped] RVFIT_SHARED_DATA or RVFIT_SHARED_EMULATOR is not set, or nothing is there"
  exit 77
fi
require_python astropy numpy
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$RVFIT_SHARED_EMULATOR" --quiet)
"${desi[@]}" --output-dir without "$stars"
"${desi[@]}" --output-dir with --resolution-matrix "$stars"
# rvspecfit's spellings, with its templates taken for sharper than they are in one arm.
printf '%s\n' 'lsf_sigma0_angstrom:' '  b: 0.668' '  r: 0.668' '  z: 0.4' > config.yaml
"${desi[@]}" --output-dir sharp --config config.yaml --resolution_matrix "$stars"
"$python" "$RVFIT_SOURCE_DIR/tests/programs/resolution.py" "$stars" \
  "$RVFIT_SHARED_DATA/rvspecfit_results/rvtab_coadd-resolution.fits" \
  {with,without,sharp}/rvtab_coadd-resolution.fits

# A file without matrices is a bad file.
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output plain.fits --stars 1
expect_bad "plain.fits: HDU 'B_RESOLUTION'" rvfit_desi --emulator "$demo_emulator" --output-dir out \
  --resolution-matrix plain.fits
