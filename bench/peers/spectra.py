#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""spectra.py FILE ALL FIRST: a DESI file with all that rvspecfit reads of one, and the same of its first star alone.

Resolution matrices, scores and columns of the fibermap that FILE lacks are added; neither program uses them here.
"""
import sys

import numpy as np
from astropy.io import fits

COLUMNS = {"BRICKID": np.int32, "FIBER": np.int32, "REF_ID": np.int64, "REF_CAT": "U2", "TARGET_RA": float,
           "TARGET_DEC": float, "OBJTYPE": "U3"}


def complete(hdus):
    fibermap = hdus["FIBERMAP"]
    rows = len(fibermap.data)
    columns = fibermap.columns
    for name, kind in COLUMNS.items():
        if name not in columns.names:
            values = np.full(rows, "TGT") if name == "OBJTYPE" else np.zeros(rows, kind)
            code = {"U": "3A", "i": "K", "f": "D"}[values.dtype.kind]
            columns = columns + fits.Column(name, code, array=values)
    whole = fits.BinTableHDU.from_columns(columns, name="FIBERMAP")
    out = [whole if hdu.name == "FIBERMAP" else hdu for hdu in hdus]
    for arm in "BRZ":
        if f"{arm}_RESOLUTION" not in hdus:
            out.append(fits.ImageHDU(np.ones((rows, 1, hdus[f"{arm}_FLUX"].shape[1]), np.float32), name=f"{arm}_RESOLUTION"))
    if "SCORES" not in hdus:
        out.append(fits.BinTableHDU.from_columns([fits.Column("TARGETID", "K", array=fibermap.data["TARGETID"])], name="SCORES"))
    return fits.HDUList(out)


def first_row(hdus):
    rows = len(hdus["FIBERMAP"].data)
    out = []
    for hdu in hdus:
        if isinstance(hdu, fits.BinTableHDU) and len(hdu.data) == rows:
            out.append(fits.BinTableHDU(hdu.data[:1], name=hdu.name))
        elif isinstance(hdu, fits.ImageHDU) and hdu.data.ndim > 1:
            out.append(fits.ImageHDU(hdu.data[:1], name=hdu.name))
        else:
            out.append(hdu.copy())
    return fits.HDUList(out)


def main(path, every, first):
    with fits.open(path) as hdus:
        whole = complete(hdus)
        whole.writeto(every, overwrite=True)
    with fits.open(every) as hdus:
        first_row(hdus).writeto(first, overwrite=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
