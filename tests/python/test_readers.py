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
    (table,) = out.glob(f"rvtab_{path.stem}.fit*")
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
def planes(coadd):
    """(wave, flux, weight) of each arm of each star, bad pixels without weight."""
    with fits.open(coadd) as hdus:
        return {arm: [(hdus[f"{arm}_WAVELENGTH"].data.astype(float), flux.astype("f4"), np.where(mask > 0, 0, ivar).astype("f4"))
                      for flux, ivar, mask in zip(hdus[f"{arm}_FLUX"].data, hdus[f"{arm}_IVAR"].data, hdus[f"{arm}_MASK"].data)]
                for arm in "BRZ"}


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


def test_lamost_low(library, red, tmp_path):
    """An image of rows: flux, inverse variance, wavelength, masks; a cosmic ray is rejected."""
    wave, flux, ivar = red
    spike = flux[1].copy()
    spike[700] += 30 * np.nanmedian(spike)
    path = tmp_path / "spec-1.fits"
    fits.PrimaryHDU(np.float32([spike, ivar[1], wave, 0 * wave, 0 * wave]), fits.Header({"OBSID": 7})).writeto(path)
    table = table_of("rvfit_lamost", library, path, "--arm", "desi_r")
    spectra = rvfit.read_lamost(path, arm="desi_r")
    found = rvfit.fit(library, spectra, clip=5)
    same(table, found)
    assert found["NPIX_CLIPPED"][0] >= 1 and list(found["OBSID"]) == [7]
    assert rvfit.fit(library, spectra)["CHISQ_TOT"][0] > 2 * found["CHISQ_TOT"][0]


def test_lamost_medium(library, planes, tmp_path):
    """Coadds of both cameras, or the exposures, of which the red ones decrease in wavelength."""
    def hdu(name, camera, star, down=False):
        wave, flux, ivar = (values[::-1] if down else values for values in planes[camera][star])
        return fits.BinTableHDU.from_columns([fits.Column("FLUX", "E", array=flux), fits.Column("IVAR", "E", array=ivar),
                                              fits.Column("LOGLAM", "D", array=np.log10(wave)),
                                              fits.Column("ANDMASK" if "COADD" in name else "PIXMASK", "J",
                                                          array=np.zeros(len(wave), int))], name=name)

    path = tmp_path / "med-1.fits"
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"OBSID": 8})), hdu("COADD_B", "B", 0), hdu("COADD_R", "R", 0),
                  hdu("B-84107311", "B", 0), hdu("B-84107335", "B", 0), hdu("R-84107311", "R", 0, down=True)]).writeto(path)
    words, arms = ["--arm-b", "desi_b", "--arm-r", "desi_r"], {"arm_b": "desi_b", "arm_r": "desi_r"}
    same(table_of("rvfit_lamost", library, path, *words), rvfit.fit(library, rvfit.read_lamost(path, **arms), clip=5))
    path = path.rename(tmp_path / "med-2.fits")
    table = table_of("rvfit_lamost", library, path, "--exposures", "--fit-arm", "B", *words)
    spectra = rvfit.read_lamost(path, exposures=True, fit_arm="b", **arms)
    assert len(spectra) == 2 and list(spectra.arms) == ["desi_b"]
    same(table, rvfit.fit(library, spectra, clip=5))


def test_apogee(library, planes, tmp_path):
    """A visit of three chips, red to blue, whose wavelengths decrease."""
    chips = [planes[camera][2] for camera in "ZRB"]
    n = min(len(wave) for wave, _, _ in chips)
    wave, flux, ivar = (np.array([chip[k][:n][::-1] for chip in chips]) for k in range(3))
    with np.errstate(divide="ignore"):
        error = np.where(ivar > 0, 1 / np.sqrt(ivar), 1e10).astype("f4")
    mask = np.zeros(flux.shape, "i2")
    mask[1, 300:310] = 1
    path = tmp_path / "apVisit-1.fits"
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"OBJID": "2M1", "BC": -14.5})), *map(fits.ImageHDU, (flux, error, mask, wave))]
                 ).writeto(path)
    table = table_of("rvfit_apogee", library, path, "--arm", "A=desi_z,B=desi_r,C=desi_b")
    spectra = rvfit.read_apogee(path, arm=["desi_z", "desi_r", "desi_b"])
    assert all(arm.medium == "vacuum" and np.all(np.diff(arm.wave) > 0) for arm in spectra.arms.values())
    found = rvfit.fit(library, spectra)
    same(table, found)
    assert list(found["APOGEE_ID"]) == ["2M1"] and found["BC"][0] == -14.5


def test_weave(library, planes, tmp_path):
    """Two cameras, three fibers, of which the second is on the sky."""
    path = tmp_path / "stacked_1.fit"
    hdus = [fits.PrimaryHDU()]
    for camera, arm in (("BLUE", "B"), ("RED", "R")):
        wave = planes[arm][0][0]
        solution = fits.Header({"CRVAL1": wave[0], "CD1_1": wave[1] - wave[0], "CRPIX1": 1.0, "CUNIT1": "Angstrom"})
        hdus += [fits.ImageHDU(np.array([planes[arm][star][k] for star in range(3)]), solution, name=f"{camera}_{part}")
                 for part, k in (("DATA", 1), ("IVAR", 2))]
    hdus.append(fits.BinTableHDU.from_columns([
        fits.Column("TARGID", "2A", array=["a", "b", "c"]), fits.Column("TARGUSE", "1A", array=["T", "S", "T"]),
        fits.Column("FIBREID", "J", array=[1, 2, 3])], name="FIBTABLE"))
    fits.HDUList(hdus).writeto(path)
    table = table_of("rvfit_weave", library, path, "--arm-b", "desi_b", "--arm-r", "desi_r")
    found = rvfit.fit(library, rvfit.read_weave(path, arm_b="desi_b", arm_r="desi_r"))
    same(table, found)
    assert list(found["TARGID"]) == ["a", "c"]
    assert len(rvfit.read_weave(path, arm_b="desi_b", arm_r="desi_r", all_rows=True)) == 3
