#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Stars made from the emulator itself, S/N above 10: are the errors of all parameters true?
set -euo pipefail
source "$(dirname "$0")/common.bash"

"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output coadd-pulls.fits --stars 4000 --seed 11 \
  --snr-min 10 --snr-max 100
"$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --output-dir . coadd-pulls.fits
"$python" "$RVFIT_SOURCE_DIR/tests/programs/recovery.py" pulls rvtab_coadd-pulls.fits coadd-pulls.fits
