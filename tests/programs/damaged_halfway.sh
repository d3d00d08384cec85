#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A fault that is found in the middle of a file, when some of its spectra are fitted already: one line, no
# output of it, and the files around it are finished.
set -euo pipefail
source "$(dirname "$0")/common.bash"

require_python astropy numpy
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output good.fits --stars 12
# R_IVAR compressed, and the tile of its eighth row overwritten.
"$python" - << 'END'
from astropy.io import fits
hdus = fits.HDUList()
with fits.open("good.fits") as file:
    for hdu in file:
        if hdu.name == "R_IVAR":
            hdu = fits.CompImageHDU(hdu.data, hdu.header, compression_type="GZIP_1", quantize_level=0)
        hdus.append(hdu)
    hdus.writeto("damaged.fits")
with fits.open("damaged.fits", disable_image_compression=True) as file:
    table = file["R_IVAR"]
    place = table.fileinfo()["datLoc"] + int(table.header["THEAP"] if "THEAP" in table.header
                                             else table.header["NAXIS1"] * table.header["NAXIS2"])
    sizes = table.data.field("COMPRESSED_DATA")
    before = sum(len(sizes[row]) for row in range(7))
with open("damaged.fits", "r+b") as file:
    file.seek(place + before)
    file.write(b"\xff" * 2000)
END
cp good.fits last.fits
code=0
"$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --output-dir out --write-models --batch-size 2 \
  --process-status-file status.txt --quiet good.fits damaged.fits last.fits 2> stderr.txt || code=$?
[ "$code" -eq 2 ] || fail "exit code $code: $(cat stderr.txt)"
[ "$(wc -l < stderr.txt)" -eq 1 ] && grep -q "damaged.fits: HDU 'R_IVAR': pixels cannot be read" stderr.txt ||
  fail "stderr: $(cat stderr.txt)"
[ "$(ls -A out | xargs)" = "rvmod_good.fits rvmod_last.fits rvtab_good.fits rvtab_last.fits" ] ||
  fail "left in out: $(ls -A out)"
[ "$(cut -d' ' -f1-3 status.txt)" = "good.fits SUCCESS 12
damaged.fits FAILURE 0
last.fits SUCCESS 12" ] || fail "status: $(cat status.txt)"

# The same, and the rest is left.
code=0
"$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --output-dir first --write-models --batch-size 2 \
  --throw-exceptions --quiet good.fits damaged.fits last.fits 2> stderr.txt || code=$?
[ "$code" -eq 2 ] && [ "$(ls -A first | xargs)" = "rvmod_good.fits rvtab_good.fits" ] ||
  fail "exit code $code, left in first: $(ls -A first)"
