# SPDX-License-Identifier: MIT
"""survey_library.py FOLDER OUTPUT: a small library for LAMOST, SDSS and APOGEE of the PHOENIX spectra of a folder.
survey_library.py kurucz_stds_v5.fit OUTPUT: one for LAMOST and SDSS of the Kurucz models of SDSS' standard stars.

An example of how a library of one's own is made: templates are brought to a Gaussian line spread that the file tells
(LSFSIGMA), narrower than that of the spectra, so that programs can apply the rest; and the file tells the medium.
"""
import glob
import os
import sys

import numpy as np
from astropy.io import fits

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
from emulator_file import Arm, Emulator, Grid, write_emulator

# Arm, range [Angstrom], step in ln(wavelength), sigma [Angstrom].
ARMS = [("lamost", 3600.0, 9250.0, 1e-4, 0.9), ("sdss1", 3500.0, 10600.0, 1e-4, 1.0),
        ("mrs_b", 4800.0, 5480.0, 3e-5, 0.2), ("mrs_r", 6180.0, 6960.0, 3e-5, 0.25),
        ("apogee", 15000.0, 17100.0, 1e-5, 0.25)]


def blurred(wave, flux, sigma):
    """Flux with a Gaussian of constant sigma in wavelength, on a fine grid uniform in it."""
    step = 0.2 * sigma
    grid = np.arange(wave[0], wave[-1], step)
    kernel = np.exp(-0.5 * (np.arange(-30, 31) * step / sigma) ** 2)
    return grid, np.convolve(np.interp(grid, wave, flux), kernel / kernel.sum(), "same")


def kurucz(path, output):
    """The 89 models as they are: teff, logg and feh, a node is a hole."""
    with fits.open(path) as hdus:
        flux, labels, header = hdus[0].data.astype(float), hdus[1].data, hdus[0].header
        good = np.flatnonzero((flux > 0).all(0))
        flux = flux[:, good[0]:good[-1] + 1]
        columns = [np.asarray(labels[name], float) for name in ("TEFF", "G", "FEH")]
    axes = [np.unique(column) for column in columns]
    nodes = np.full([axis.size for axis in axes], -1)
    nodes[tuple(np.searchsorted(axis, column) for axis, column in zip(axes, columns))] = np.arange(len(flux))
    grid = Grid(axes, nodes, np.log(flux / np.median(flux, axis=1, keepdims=True)))
    origin = np.log(10.0) * (header["CRVAL1"] + header["CD1_1"] * good[0])
    arms = [Arm(name, [False] * 3, np.zeros(3), np.ones(3), "LOG", origin, np.log(10.0) * header["CD1_1"], None, [],
                medium="VACUUM", grid=grid) for name in ("lamost", "sdss1")]
    box = [[axis[end] for axis in axes] for end in (0, -1)]
    write_emulator(Emulator(["teff", "logg", "feh"], *box, arms, "survey_library.py", "KURUCZ"), output)


def main(folder, output):
    if os.path.isfile(folder):
        return kurucz(folder, output)
    models = sorted(glob.glob(os.path.join(folder, "lte*.fits")))
    teff = [float(os.path.basename(path)[3:8]) for path in models]
    fluxes = [fits.getdata(path).astype(float) for path in models]
    header = fits.getheader(models[0])
    wave = np.exp(header["CRVAL1"] + header["CDELT1"] * np.arange(fluxes[0].size))
    arms = []
    for name, lower, upper, step, sigma in ARMS:
        ln_wave = np.arange(np.log(lower), np.log(upper), step)
        margin = 40 * sigma
        inside = (wave > lower - margin) & (wave < upper + margin)
        templates = []
        for flux in fluxes:
            spectrum = np.interp(np.exp(ln_wave), *blurred(wave[inside], flux[inside], sigma))
            templates.append(np.log(spectrum / np.median(spectrum)))
        grid = Grid([np.array(teff)], np.arange(len(teff)), np.array(templates))
        arms.append(Arm(name, [False], np.zeros(1), np.ones(1), "LOG", ln_wave[0], step, None, [], lsf_sigma=sigma,
                        medium="VACUUM", grid=grid))
    return write_emulator(Emulator(["teff"], [teff[0]], [teff[-1]], arms, "survey_library.py", "PHOENIX"), output)


if __name__ == "__main__":
    main(*sys.argv[1:])
