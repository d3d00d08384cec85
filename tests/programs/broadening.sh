#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Stars simulated with finely sampled profiles: the exact rotation kernel finds vsini without an offset and with true
# errors, where rvspecfit's does not.
set -euo pipefail
source "$(dirname "$0")/common.bash"
require_python astropy numpy scipy

check() { "$python" "$RVFIT_SOURCE_DIR/tests/programs/broadening.py" "$@"; }
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet)

"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output like.fits --stars 200 --seed 5
check make "$demo_emulator" like.fits coadd-rotation.fits 6
"${desi[@]}" --rotation exact --output-dir exact coadd-rotation.fits
check check exact/rvtab_coadd-rotation.fits coadd-rotation.fits vsini
"${desi[@]}" --output-dir linear coadd-rotation.fits
if check check linear/rvtab_coadd-rotation.fits coadd-rotation.fits vsini; then
  fail "the kernel of a piecewise linear spectrum has no offset, which the stars should show"
fi
# A Gaussian of its own width: fitted alone, and at a width that is given.
check make "$demo_emulator" like.fits coadd-gauss.fits 7
"${desi[@]}" --rotation off --max-vgauss 100 --output-dir gauss coadd-gauss.fits
check check gauss/rvtab_coadd-gauss.fits coadd-gauss.fits vgauss
"${desi[@]}" --rotation exact --max-vgauss 100 --fix-param vgauss=30 --output-dir fixed coadd-gauss.fits
"$python" -c 'from astropy.io import fits; assert (fits.getdata("fixed/rvtab_coadd-gauss.fits", "RVTAB")["VGAUSS"] == 30).all()'
"${desi[@]}" --rotation off --output-dir off coadd-rotation.fits
"$python" -c 'from astropy.io import fits; assert "VSINI" not in fits.getdata("off/rvtab_coadd-rotation.fits", "RVTAB").names'
