# SPDX-License-Identifier: MIT
"""The programs' readers: what they hand over is fitted as the programs fit it, bit by bit."""

import os
import subprocess

import numpy as np
import pytest

import rvfit
from rvfit._options import arguments

fits = pytest.importorskip("astropy.io.fits")
BIN = os.environ.get("RVFIT_BIN_DIR", "")
pytestmark = pytest.mark.skipif(not os.path.exists(os.path.join(BIN, "rvfit_simulate")), reason="no programs")
STARS = 6


@pytest.fixture(scope="module")
def coadd(library, tmp_path_factory):
    path = tmp_path_factory.mktemp("coadd") / "coadd-x.fits"
    subprocess.run([BIN + "/rvfit_simulate", "--emulator", library.path, "--output", path, "--stars", str(STARS),
                    "--snr-min", "20"], check=True)
    return path


def table_of(program, library, path, *options):
    """RVTAB that a program makes of a file."""
    out = path.parent / "out"
    subprocess.run([f"{BIN}/{program}", "--quiet", "--emulator", library.path, "--output-dir", out, *options, path],
                   check=True)
    (table,) = out.glob(f"rvtab_{path.stem}*.fits")
    return fits.getdata(table, "RVTAB")


def same(table, found):
    shared = [name for name in found.keys() if name in table.names]
    assert {"VRAD", "VRAD_ERR", "TEFF", "COVAR", "RVS_WARN", "NEG2LOGL", "CHISQ_TOT"} <= set(shared)
    for name in shared:
        column = np.asarray(table[name])
        if column.dtype.kind in "US":
            assert [text.rstrip() for text in column.astype(str)] == list(found[name]), name
        else:
            assert np.array_equal(column, found[name], equal_nan=column.dtype.kind == "f"), name


def test_desi_with_matrices(library, coadd, tmp_path):
    """Gaussian rows, 11 diagonals, one and a half pixels wide."""
    path = tmp_path / "coadd-matrices.fits"
    offset = np.arange(5, -6, -1)
    row = np.exp(-0.5 * (offset / 1.5) ** 2)
    with fits.open(coadd) as hdus:
        for arm in "BRZ":
            pixels = len(hdus[f"{arm}_WAVELENGTH"].data)
            matrix = np.broadcast_to((row / row.sum())[None, :, None], (STARS, 11, pixels)).astype("f4")
            hdus.append(fits.ImageHDU(matrix, name=f"{arm}_RESOLUTION"))
        hdus.writeto(path)
    options = {"lsf_sigma": 0.5}
    table = table_of("rvfit_desi", library, path, "--resolution-matrix", *arguments(options))
    spectra = rvfit.read_desi(path, resolution=True)
    same(table, rvfit.fit(library, spectra, **options))
    # Matrices count: without them rotation stands for the line spread.
    without = rvfit.fit(library, rvfit.read_desi(path))
    assert np.median(without["VSINI"] - table["VSINI"]) > 10  # [km/s]; 1.5 pixels of 0.8 Angstrom are 60


@pytest.fixture(scope="module")
def red(coadd):
    """wave (N), flux (B, N), ivar (B, N) of the red arm; bad pixels have no weight."""
    with fits.open(coadd) as hdus:
        ivar = np.where(hdus["R_MASK"].data > 0, 0, hdus["R_IVAR"].data).astype("f4")
        return hdus["R_WAVELENGTH"].data.astype(float), hdus["R_FLUX"].data.astype("f4"), ivar


def test_table(library, red, tmp_path):
    wave, flux, ivar = red
    n = len(wave)
    path = tmp_path / "stars.fits"
    names = np.array([f"star {n}" for n in range(STARS)])
    fits.BinTableHDU.from_columns([
        fits.Column("NAME", "8A", array=names), fits.Column("LAMBDA", f"{n}D", array=np.tile(wave / 10, (STARS, 1))),
        fits.Column("F", f"{n}E", array=flux), fits.Column("W", f"{n}E", array=ivar)], name="STARS").writeto(path)
    table = table_of("rvfit_table", library, path, "--arm", "desi_r=STARS", "--wave-column", "LAMBDA", "--wave-unit", "nm",
                     "--flux-column", "F", "--ivar-column", "W", "--copy-columns", "NAME")
    spectra = rvfit.read_table(path, {"desi_r": "STARS"}, wave="LAMBDA", wave_unit="nm", flux="F", ivar="W",
                               copy_columns=["NAME"])
    found = rvfit.fit(library, spectra)
    same(table, found)
    assert list(found["NAME"]) == list(names)


def test_sdss(library, red, tmp_path):
    wave, flux, ivar = red
    path = tmp_path / "spec-1-2-3.fits"
    header = fits.Header({"PLATEID": 1, "MJD": 2, "FIBERID": 3})
    fits.HDUList([fits.PrimaryHDU(header=header), fits.BinTableHDU.from_columns([
        fits.Column("flux", "E", array=flux[0]), fits.Column("loglam", "D", array=np.log10(wave)),
        fits.Column("ivar", "E", array=ivar[0])], name="COADD")]).writeto(path)
    table = table_of("rvfit_sdss", library, path, "--arm", "desi_r")
    same(table, rvfit.fit(library, rvfit.read_sdss(path, arm="desi_r")))
