#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The command that made DESI's DR1 table over a list of healpix files: undisturbed, and killed at random moments and
# resumed; the outputs are equal.
#
#   RVFIT_LIST_FILES=2000 RVFIT_LIST_STARS=50 RVFIT_LIST_KILLS=20   a list as long as a night's
set -euo pipefail
source "$(dirname "$0")/common.bash"

require_python astropy numpy
stars=${RVFIT_LIST_STARS:-5}
for seed in 1 2 3; do
  "$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output seed-$seed.fits --seed $seed --stars "$stars" \
    --snr-min 20 --snr-max 60
done
"$python" "$RVFIT_SOURCE_DIR/tests/programs/long_list.py" "$RVFIT_BIN_DIR/rvfit_desi" "$demo_emulator" \
  "${RVFIT_LIST_FILES:-12}" "$stars" "${RVFIT_LIST_KILLS:-3}"
"$python" "$RVFIT_SOURCE_DIR/tests/programs/same_outputs.py" all good out
