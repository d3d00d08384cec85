#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Synthetic spectra and checks of the libraries that rvfit_library makes of them, for library.sh.

    library.py make FOLDER           spectra of 3 x 2 labels, one a file as PHOENIX has them; one node is missing
    library.py many FOLDER           spectra of 7 x 5 labels
    library.py bias REPORT           fits of held-out templates are near them
    library.py bad FOLDER            four more that are no templates
    library.py image FILE            the same spectra as rows of an image with a table of labels
    library.py table FILE            the same spectra as rows of a table
    library.py text FOLDER           the same as text, and a list of them, list.csv
    library.py continuum A B         B is A without a polynomial
    library.py check LIBRARY MEDIUM  templates against a convolution on a ten times finer grid
    library.py same A B              the same numbers, bit for bit
"""
import json
import os
import sys

import numpy as np
from astropy.io import fits

sys.path.insert(0, os.path.join(os.environ["RVFIT_SOURCE_DIR"], "tools"))
from emulator_file import read_emulator  # noqa: E402

TEFF, LOGG = [4500.0, 5500.0, 7000.0], [3.0, 4.5]
MISSING = (7000.0, 3.0)
STEP = 1e-5  # of ln(wavelength), 3 km/s
LN_WAVE = np.log(8300.0) + STEP * np.arange(6500)
SHARP = 8.0  # km/s, sigma of the lines
C = 299792.458
SIGMA = {"fixed": lambda wave: 0.8 + 0 * wave, "power": lambda wave: wave / (5000.0 * np.sqrt(8 * np.log(2)))}


def lines():
    """Centres and strengths: the infrared triplet of calcium, in vacuum, and others."""
    random = np.random.RandomState(3)
    centers = np.concatenate([[8500.35, 8544.44, 8664.52], random.uniform(8310, 8850, 100)])
    return np.log(centers), np.concatenate([[2.0, 3.0, 2.5], random.uniform(0.05, 0.5, 100)])


def spectrum(ln_wave, teff, logg):
    centers, strengths = lines()
    tau = np.zeros_like(ln_wave)
    for center, strength in zip(centers, strengths):
        tau += strength * (teff / 5500.0) ** -2 * np.exp(-0.5 * ((ln_wave - center) * C / SHARP) ** 2)
    return 1e15 * (teff / 5500.0) ** 4 * np.exp(-tau) * (1.0 + 0.1 * (logg - 4.0) * (ln_wave - ln_wave[0]))


def nodes():
    return [(teff, logg) for teff in TEFF for logg in LOGG if (teff, logg) != MISSING]


def write(path, flux, **keywords):
    header = fits.Header({"CRVAL1": LN_WAVE[0], "CDELT1": STEP, "CTYPE1": "AWAV-LOG", **keywords})
    fits.writeto(path, flux.astype(np.float32), header)


def make(folder):
    for teff, logg in nodes():
        write(f"{folder}/lte{teff:05.0f}-{logg:.2f}.fits", spectrum(LN_WAVE, teff, logg), PHXTEFF=teff, PHXLOGG=logg,
              PHXM_H=0.0)


def many(folder):
    for teff in np.linspace(4500, 6900, 7):
        for logg in np.linspace(3.0, 4.6, 5):
            write(f"{folder}/lte{teff:05.0f}-{logg:.2f}.fits", spectrum(LN_WAVE, teff, logg), PHXTEFF=teff, PHXLOGG=logg)


def bias(path):
    with open(path, encoding="ascii") as file:
        report = json.load(file)
    print({name: arm["mean"] for name, arm in report["arms"].items()}, report["bias"])
    for arm in report["arms"].values():
        assert arm["mean"] < 5e-4, arm["mean"]  # measured 1.1e-4 after 400 epochs
    for name, most in [("rv", 0.02), ("teff", 30.0)]:
        numbers = report["bias"][name]
        assert numbers["fits"] == arm["templates"] == 5 and abs(numbers["worst"]) < most, (name, numbers)


def bad(folder):
    flux = spectrum(LN_WAVE, 5000.0, 4.5)
    write(f"{folder}/no-label.fits", flux, PHXTEFF=5000.0, PHXM_H=0.0)
    write(f"{folder}/short.fits", flux[:3000], PHXTEFF=5500.0, PHXLOGG=4.0, PHXM_H=0.0)
    write(f"{folder}/nan.fits", np.where(np.arange(flux.size) == 77, np.nan, flux), PHXTEFF=5500.0, PHXLOGG=4.0, PHXM_H=0.0)
    write(f"{folder}/twin.fits", flux, PHXTEFF=5500.0, PHXLOGG=4.5, PHXM_H=0.0)
    with open(f"{folder}/broken.fits", "w", encoding="ascii") as file:
        file.write("no FITS file")


def image(path):
    table = fits.BinTableHDU.from_columns([
        fits.Column("TEFF", "E", array=[teff for teff, _ in nodes()]), fits.Column("G", "E", array=[g for _, g in nodes()])])
    header = fits.Header({"CRVAL1": LN_WAVE[0] / np.log(10), "CD1_1": STEP / np.log(10), "CRPIX1": 1, "DC-FLAG": 1})
    rows = np.array([spectrum(LN_WAVE, *node) for node in nodes()], np.float32)
    fits.HDUList([fits.PrimaryHDU(rows, header), table]).writeto(path)


def table(path):
    rows = np.array([spectrum(LN_WAVE, *node) for node in nodes()])
    form = f"{LN_WAVE.size}D"
    fits.BinTableHDU.from_columns([
        fits.Column("TEFF", "E", array=[teff for teff, _ in nodes()]), fits.Column("LOGG", "E", array=[g for _, g in nodes()]),
        fits.Column("WAVE", form, array=np.broadcast_to(np.exp(LN_WAVE), rows.shape)),
        fits.Column("FLUX", form, array=rows.astype(np.float32))]).writeto(path)


def text(folder):
    with open(f"{folder}/list.csv", "w", encoding="ascii") as file:
        file.write("file,teff,logg\n")
        for n, (teff, logg) in enumerate(nodes()):
            file.write(f"star{n}.txt,{teff},{logg}\n")
            flux = spectrum(LN_WAVE, teff, logg).astype(np.float32)
            first = 5 if n == 3 else 0  # wavelengths of its own, with nothing else where the arms look
            np.savetxt(f"{folder}/star{n}.txt", np.column_stack([np.exp(LN_WAVE), flux])[first:], "%.17g", header="wave flux",
                       delimiter=", " if n == 1 else " ", comments="" if n == 2 else "# ")


def continuum(a, b):
    a, b = read_emulator(a), read_emulator(b)
    for x, y in zip(a.arms, b.arms):
        assert (x.normalization, y.normalization) == ("MEDIAN", "CONTINUUM")
        at = (2 * np.arange(x.pixels) + 1) / x.pixels - 1
        for one, other in zip(x.grid.templates.astype(float), y.grid.templates.astype(float)):
            nearest = np.polynomial.chebyshev.Chebyshev.fit(at, one, 5)
            assert np.abs(one - nearest(at) - other).max() < 1e-6  # floats of ln T


def oracle(ln_wave, step, spread, teff, logg):
    """Means over pixels of the spectrum convolved with Gaussians of ln(wavelength), on a grid ten times finer."""
    fine = np.arange(LN_WAVE[0], LN_WAVE[-1], STEP / 10)
    flux = spectrum(fine, teff, logg)
    means = np.empty(ln_wave.size)
    for j, (center, s) in enumerate(zip(ln_wave, spread)):
        within = slice(*np.searchsorted(fine, [center - 7 * s - step, center + 7 * s + step]))
        inside = np.arange(-49.5, 50) / 100 * step  # a hundred points of the pixel
        kernel = np.exp(-0.5 * ((fine[within, None] - center - inside) / s) ** 2).sum(1)
        means[j] = kernel @ flux[within] / kernel.sum()
    return means


def ciddor(vacuum):
    s2 = (1e4 / vacuum) ** 2
    return vacuum / (1 + 0.05792105 / (238.0185 - s2) + 0.00167917 / (57.362 - s2))


def check(path, medium):
    library = read_emulator(path)
    assert list(library.names) == ["teff", "logg"], library.names
    for arm in library.arms:
        assert arm.medium == medium.upper()
        found = [arm.physical([arm.grid.axes[0][i], arm.grid.axes[1][k]]) for i, k in np.argwhere(arm.grid.nodes >= 0)]
        assert np.allclose(found, nodes(), rtol=1e-12), found  # rounding of the scaled labels
        assert arm.grid.nodes[2, 0] == -1
        wave = arm.wave()
        rest = wave if medium == "vacuum" else np.interp(wave, ciddor(np.linspace(8200, 9000, 80001)),
                                                         np.linspace(8200, 9000, 80001))
        middle = slice(None, None, 23)
        for node, template in zip(nodes(), arm.grid.templates):
            spread = SIGMA[arm.name](wave[middle]) / wave[middle]
            truth = oracle(np.log(rest[middle]), arm.grid_step, spread, *node)
            made = np.exp(template[middle].astype(float))
            ratio = made / truth
            error = np.abs(ratio / np.median(ratio) - 1).max()
            # Measured 1e-7 to 1e-6: floats of ln T, and the spline through samples of 3 km/s.
            assert error < 1e-5, (arm.name, node, error)


def same(a, b):
    a, b = read_emulator(a), read_emulator(b)
    for x, y in zip(a.arms, b.arms):
        assert np.array_equal(x.grid.templates, y.grid.templates) and np.array_equal(x.grid.nodes, y.grid.nodes)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
