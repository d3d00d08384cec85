#!/bin/bash
# SPDX-License-Identifier: MIT
#
# From synthetic spectra to an emulator that fits them: rvfit_library, train_emulator.py, and rvfit_table on the templates
# that were not learnt.
set -euo pipefail
source "$(dirname "$0")/common.bash"
require_python astropy matplotlib numpy scipy torch

check() { "$python" "$RVFIT_SOURCE_DIR/tests/programs/library.py" "$@"; }

cat > instrument.yaml << 'END'
name: made up
medium: vacuum
arms:
  - {name: ir, range: [8420, 8720], resolution: {R: 5000}, step: 20}
END
mkdir spectra
check many spectra
"$RVFIT_BIN_DIR/rvfit_library" --templates spectra --templates-medium vacuum --instrument instrument.yaml --output grid.fits --quiet
"$python" "$RVFIT_SOURCE_DIR/tools/train_emulator.py" grid.fits --output emulator.fits --hidden 32,32 --components 8 --batch 16 \
  --epochs 200 --hold-out 0.15 --threads 1 --quiet --report error --fit "$RVFIT_BIN_DIR/rvfit_table"
check bias error/report.json
