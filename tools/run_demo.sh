#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run_demo.sh BUILD_DIR OUT_DIR: simulate a DESI-format file of 256 stars, fit it, compare with the truth.
# The emulator is a small synthetic one, shipped for this demonstration; it is not for science.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:?usage: run_demo.sh BUILD_DIR OUT_DIR}/bin
out=${2:?usage: run_demo.sh BUILD_DIR OUT_DIR}
emulator=$root/programs/demo/emulator.fits
stars=$out/coadd-demo.fits

export OMP_PROC_BIND=${OMP_PROC_BIND:-false}
mkdir -p "$out"
"$bin/rvfit_simulate" --emulator "$emulator" --output "$stars" --stars 256 --seed 1
"$bin/rvfit_desi" --emulator "$emulator" --output-dir "$out" --write-models "$stars"
"${RVFIT_PYTHON:-/usr/bin/python3}" "$root/tools/plot_demo.py" "$out"
