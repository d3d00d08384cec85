#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Faint stars at any rv up to 1200 km/s: does the scan find the right minimum?
set -euo pipefail
source "$(dirname "$0")/common.bash"

"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output coadd-faint.fits --stars 2000 --seed 7 \
  --snr-min 3 --snr-max 10 --rv-max 1200
"$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --output-dir . coadd-faint.fits
most=0.002 # measured none of 2000, which leaves room for 0.0015 (95 %)
"$python" "$RVFIT_SOURCE_DIR/tests/programs/recovery.py" basins rvtab_coadd-faint.fits coadd-faint.fits "$most"
