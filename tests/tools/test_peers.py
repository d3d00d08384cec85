# SPDX-License-Identifier: MIT
"""bench/peers: the file that both programs read, and times. (The rest wants rvspecfit.)"""
import os
import sys

import numpy as np
from astropy.io import fits

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "bench", "peers"))
import spectra  # noqa: E402
import times  # noqa: E402


def write_bare_file(path):
    """Three spectra with what rvfit needs alone."""
    hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(
        [fits.Column("TARGETID", "K", array=[11, 12, 13]), fits.Column("FIBER", "J", array=[7, 8, 9])], name="FIBERMAP")]
    for arm in "BRZ":
        hdus.append(fits.ImageHDU(np.arange(5.0), name=f"{arm}_WAVELENGTH"))
        hdus += [fits.ImageHDU(np.arange(15, dtype=np.float32).reshape(3, 5), name=f"{arm}_{kind}")
                 for kind in ("FLUX", "IVAR", "MASK")]
    fits.HDUList(hdus).writeto(path)


def test_a_bare_file_gets_what_rvspecfit_asks_for_and_keeps_its_own(tmp_path):
    bare, every, first = (str(tmp_path / name) for name in ("bare.fits", "all.fits", "first.fits"))
    write_bare_file(bare)
    spectra.main(bare, every, first)
    for path, rows in ((every, 3), (first, 1)):
        with fits.open(path) as hdus:
            assert list(hdus["FIBERMAP"].data["FIBER"]) == [7, 8, 9][:rows]
            assert set(spectra.COLUMNS) <= set(hdus["FIBERMAP"].columns.names)
            assert list(hdus["SCORES"].data["TARGETID"]) == [11, 12, 13][:rows]
            assert hdus["R_FLUX"].data.shape == (rows, 5) and hdus["R_FLUX"].data[0, 4] == 4.0
            assert hdus["R_RESOLUTION"].data.shape == (rows, 1, 5) and hdus["R_WAVELENGTH"].data.shape == (5,)


def test_what_is_there_stays_as_it_is(tmp_path):
    bare, every, again, first = (str(tmp_path / name) for name in ("bare.fits", "all.fits", "again.fits", "first.fits"))
    write_bare_file(bare)
    spectra.main(bare, every, first)
    spectra.main(every, again, first)
    assert fits.FITSDiff(every, again).identical


def test_times_are_medians_of_runs(tmp_path):
    (tmp_path / "ours.seconds").write_text("0.30 0.20 0.05\n9.00 0.10 0.10\n0.25 7.00 1.00\n")
    assert times.seconds(str(tmp_path / "ours")) == (0.30, 0.25)
