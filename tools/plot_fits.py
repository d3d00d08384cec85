#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draw spectra and fits: a PNG file for each star, a panel for each arm.

The programs run this script for --doplot (they carry a copy of it). Its input is a FITS file with a table STARS, whose
columns are FIGURE (file to write) and TITLE, and for each arm X the images X_WAVELENGTH (N) or (stars, N) [Angstrom],
X_FLUX, X_ERROR (0: a bad pixel) and X_MODEL (stars, N). Bad pixels are dots on a line between their good neighbours.
"""
import sys

import matplotlib

matplotlib.use("Agg")
import numpy as np  # noqa: E402
from astropy.io import fits  # noqa: E402
from matplotlib import pyplot  # noqa: E402


def interpolated(flux, bad):
    """The flux, with straight lines over bad pixels; zero if all are bad."""
    pixels = np.arange(len(flux))
    return np.interp(pixels, pixels[~bad], flux[~bad]) if not bad.all() else np.zeros_like(flux)


def draw_arm(axes, wave, flux, error, model):
    bad = ~(error > 0)
    flux = interpolated(flux, bad)
    axes.fill_between(wave, flux - error, flux + error, color="0.85", linewidth=0)
    axes.plot(wave, flux, "k-", linewidth=0.8)
    axes.plot(wave[bad], flux[bad], "b.", markersize=3)
    axes.plot(wave, model, "r-", linewidth=0.8, alpha=0.8)
    if not bad.all():
        axes.set_ylim(np.percentile(flux[~bad], [0.2, 99.8]) + np.array([-1e-30, 1e-30]))
    axes.set_xlim(wave[0], wave[-1])


def draw_star(hdus, arms, star):
    figure, panels = pyplot.subplots(len(arms), figsize=(10, 3 * len(arms)), dpi=150, squeeze=False)
    for axes, arm in zip(panels[:, 0], arms):
        wave = hdus[arm + "_WAVELENGTH"].data
        draw_arm(axes, wave if wave.ndim == 1 else wave[star],
                 *(hdus[arm + part].data[star] for part in ("_FLUX", "_ERROR", "_MODEL")))
        axes.set_ylabel(arm)
    panels[0, 0].set_title(hdus["STARS"].data["TITLE"][star], fontsize="medium")
    panels[-1, 0].set_xlabel(r"wavelength [$\mathrm{\AA}$]")
    figure.tight_layout()
    figure.savefig(hdus["STARS"].data["FIGURE"][star])
    pyplot.close(figure)


def main(path):
    with fits.open(path, memmap=False) as hdus:
        arms = [hdu.name.removesuffix("_MODEL") for hdu in hdus if hdu.name.endswith("_MODEL")]
        for star in range(len(hdus["STARS"].data)):
            draw_star(hdus, arms, star)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (IndexError, KeyError, OSError) as error:
        sys.exit(f"plot_fits.py: {type(error).__name__}: {error}".replace("\n", " "))
