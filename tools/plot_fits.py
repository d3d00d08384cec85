#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draw spectra, fits and residuals: a PNG file for each star, two panels for each arm.

    plot_fits.py FILE...

The programs run this script for --doplot and --report (they carry a copy of it). Each input is a FITS file with a table
STARS, whose columns are FIGURE (file to write), FILE, TARGET, LABELS and STATE (texts, in which %XX is a byte) and for
each arm X the numbers X_SNR and X_CHI2, and with the images X_WAVELENGTH (N) or (stars, N) [Angstrom], X_FLUX, X_ERROR
(0: a bad pixel) and X_MODEL (stars, N); BUNIT of X_FLUX is the unit of all three.
"""
import os
import re
import sys
import textwrap
from urllib.parse import unquote_to_bytes

import matplotlib

matplotlib.use("Agg")
import numpy as np  # noqa: E402
from astropy.io import fits  # noqa: E402
from matplotlib import pyplot  # noqa: E402

# Told apart by their lightness too, in print and by colour-blind eyes (Okabe and Ito's vermilion and blue).
DATA, BAND, MODEL, BAD, CLIPPED = "0.25", "0.8", "#d55e00", "#0072b2", "#cc79a7"
NAMES = {"teff": r"$T_\mathrm{eff}$", "logg": r"$\log\,g$", "feh": "[Fe/H]", "alpha": r"[$\alpha$/Fe]",
         "vsini": r"$v\,\sin\,i$"}


def text_of(value):
    """A text of the table as it was before it was quoted; a dollar sign begins no formula."""
    return os.fsdecode(unquote_to_bytes(value)).encode("utf-8", "replace").decode().replace("$", r"\$")


def labels_of(text):
    """Parameters with the field's signs for their names."""
    shown = [re.sub(r"^\w+", lambda name: NAMES.get(name[0], name[0].replace("_", " ")), each)
             for each in text.split(",  ")]
    lines = [",  ".join(shown[n:n + 7]) for n in range(0, len(shown), 7)]
    return "\n".join(lines).replace(" +- ", r" $\pm$ ")


def unit_text(unit):
    """[unit] for an axis, with a power of ten and Angstrom as signs; empty without a unit."""
    unit = re.sub(r"\bAng(strom)?\b", "Å", text_of(unit))
    unit = re.sub(r"^\w+ \((.*)\)$", r"\1", unit)  # APOGEE: Flux (..)
    unit = re.sub(r"\b10(?:\*\*|\^)\(?(-?\d+)\)?|\b1[eE](-?\d+)", lambda m: f"$10^{{{m[1] or m[2]}}}$", unit)
    return f" [{unit}]" if unit.strip() else ""


def limits(flux, model):
    """All of the model and most of the flux, with some room: a spike does not flatten the rest."""
    ends = [np.percentile(values[np.isfinite(values)], cut) for values, cut in ((flux, [1, 99]), (model, [0, 100]))
            if np.isfinite(values).any()]
    low, high = (np.min(ends), np.max(ends)) if ends else (0.0, 1.0)
    room = 0.15 * (high - low) or abs(high) or 1.0
    return low - room, high + room


def interpolated(flux, bad):
    """The flux, with straight lines over bad pixels; zero if all are bad."""
    pixels = np.arange(len(flux))
    return np.interp(pixels, pixels[~bad], flux[~bad]) if not bad.all() else np.zeros_like(flux)


def mark_outside(axes, wave, values, good):
    """Small triangles at the edge where good pixels lie beyond it."""
    low, high = axes.get_ylim()
    for beyond, edge, marker in ((values > high, high, "^"), (values < low, low, "v")):
        seen = good & beyond
        axes.plot(wave[seen], np.full(seen.sum(), edge), marker, color=DATA, markersize=3, clip_on=False, linestyle="")


def draw_flux(axes, wave, flux, error, model, bad, clipped):
    given, flux = flux, interpolated(flux, bad)
    axes.fill_between(wave, flux - error, flux + error, color=BAND, linewidth=0, label=r"$\pm1\,\sigma$")
    axes.plot(wave, flux, color=DATA, linewidth=0.6, label="data")
    axes.plot(wave, model, color=MODEL, linewidth=0.9, label="model")
    shown = limits(flux[~bad], model)
    axes.set_ylim(shown)
    inside = bad & ~clipped & (flux >= shown[0]) & (flux <= shown[1])
    axes.plot(wave[inside], flux[inside], "x", color=BAD, markersize=3, markeredgewidth=0.6, label="bad pixel")
    if clipped.any():
        axes.plot(wave[clipped], np.clip(given[clipped], *shown), "o", color=CLIPPED, markersize=3.5, markerfacecolor="none",
                  markeredgewidth=0.7, clip_on=False, label="clipped")
    mark_outside(axes, wave, flux, ~bad)


def draw_residuals(axes, wave, residual, bad):
    residual = np.where(bad, np.nan, residual)
    axes.axhspan(-1, 1, color=BAND, linewidth=0)
    axes.plot(wave, residual, ".", color=DATA, markersize=1.5)
    axes.axhline(0, color=MODEL, linewidth=0.9)
    finite = np.abs(residual[np.isfinite(residual)])
    edge = max(4.0, 1.5 * np.percentile(finite, 99)) if len(finite) else 4.0
    axes.set_ylim(-edge, edge)
    mark_outside(axes, wave, residual, ~bad)
    axes.set_ylabel(r"residual [$\sigma$]", fontsize="small")


def draw_star(hdus, arms, star):
    stars = hdus["STARS"].data
    labels = labels_of(text_of(stars["LABELS"][star]))
    state = textwrap.fill(text_of(stars["STATE"][star]), 120)
    head, foot, each, gap = 0.6 + 0.21 * (2 + labels.count("\n") + state.count("\n")), 0.5, 3.0, 0.55  # inches
    height = head + foot + len(arms) * each + (len(arms) - 1) * gap
    figure = pyplot.figure(figsize=(10, height), dpi=110)
    places = figure.add_gridspec(len(arms), 1, left=0.085, right=0.985, top=1 - head / height, bottom=foot / height,
                                 hspace=gap / each)
    for place, arm in zip(places, arms):
        pair = place.subgridspec(2, 1, height_ratios=[2.6, 1], hspace=0.06)
        axes = figure.add_subplot(pair[0])
        below = figure.add_subplot(pair[1], sharex=axes)
        wave = hdus[arm + "_WAVELENGTH"].data
        wave = wave if wave.ndim == 1 else wave[star]
        flux, error, model = (np.asarray(hdus[arm + part].data[star], float) for part in ("_FLUX", "_ERROR", "_MODEL"))
        clipped = hdus[arm + "_CLIPPED"].data[star] != 0
        bad = ~(error > 0) | clipped
        draw_flux(axes, wave, flux, error, model, bad, clipped)
        draw_residuals(below, wave, (flux - model) / np.where(bad, 1.0, error), bad)
        axes.set_ylabel("flux" + unit_text(hdus[arm + "_FLUX"].header.get("BUNIT", "")), fontsize="small")
        axes.tick_params(labelbottom=False)
        numbers = [f"{name} {value:.3g}" for name, value in ((r"S/N", stars[arm + "_SNR"][star]),
                                                             (r"$\chi^2/N$", stars[arm + "_CHI2"][star]))
                   if np.isfinite(value)]
        axes.set_title(",  ".join([f"arm {arm}", *numbers]), loc="left", fontsize="small", pad=3)
        axes.set_xlim(wave[0], wave[-1])
        if arm == arms[0]:
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncol=4, frameon=False, fontsize="small",
                        borderaxespad=0.2, handlelength=1.4, columnspacing=1.2)
        figure.align_ylabels([axes, below])
    below.set_xlabel("wavelength [Å]")
    corner = dict(x=0.01, ha="left", va="top")
    figure.text(y=1 - 0.1 / height, s=f"{text_of(stars['FILE'][star])},  {text_of(stars['TARGET'][star])}",
                fontsize="large", fontweight="bold", **corner)
    figure.text(y=1 - 0.4 / height, s=labels + "\n" + state.replace("chi2/N", r"$\chi^2/N$"), fontsize="medium",
                linespacing=1.35, **corner)
    figure.savefig(os.fsdecode(unquote_to_bytes(stars["FIGURE"][star])), format="png")
    pyplot.close(figure)


def main(paths):
    for path in paths:
        with fits.open(path, memmap=False) as hdus:
            arms = [hdu.name.removesuffix("_MODEL") for hdu in hdus if hdu.name.endswith("_MODEL")]
            for star in range(len(hdus["STARS"].data)):
                draw_star(hdus, arms, star)


if __name__ == "__main__":
    try:
        main(sys.argv[1:] or [""])
    except (IndexError, KeyError, OSError) as error:
        sys.exit(f"plot_fits.py: {type(error).__name__}: {error}".replace("\n", " "))
