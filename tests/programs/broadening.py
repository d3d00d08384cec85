#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stars broadened by finely sampled profiles, and checks of what a fit finds of them, for broadening.sh.

    broadening.py make EMULATOR LIKE OUT SEED     simulate into the arms of the DESI-format file LIKE, S/N 50 to 100
    broadening.py check TABLE TRUTH vsini|vgauss  the widths found: no offset, and true errors

The templates come from the emulator file in NumPy. A spline of degree 7 interpolates each on a grid 16 times as fine,
where the profile is a sum over its bins: nothing of this is the code that fits.
"""
import sys

import numpy as np
from astropy.io import fits
from scipy.interpolate import BSpline, make_interp_spline
from scipy.signal import fftconvolve

C = 299792.458
FINE = 16
TOGETHER = 25  # stars at once: 20 MB of fine spectra


def rotation(x, vsini):
    """Gray (2005), eq. 18.14, limb darkening 0.6; x in km/s."""
    y2 = np.clip(1 - (x / vsini) ** 2, 0, None)
    return 0.8 * np.sqrt(y2) + 0.3 * np.pi * y2


def profile(step, vsini, vgauss):
    """Weights of shifts by whole steps [km/s] of both profiles together, each the mean over its bin."""
    weights = np.ones(1)
    for width, reach, density in ((vsini, 1.0, rotation), (vgauss, 7.0, lambda x, s: np.exp(-0.5 * (x / s) ** 2))):
        if width > 0.01:  # [km/s], a hundredth of a bin
            half = int(np.ceil(reach * width / step)) + 1
            bins = np.arange(-half, half + 1)[:, None] + (np.arange(64) + 0.5)[None, :] / 64 - 0.5
            bins = density(bins * step, width).mean(1)
            weights = np.convolve(weights, bins / bins.sum())
    return weights


def observed(arm, stars, wave):
    """Spectra at `wave`, a row for each (labels, rv, vsini, vgauss) of `stars`: they share their splines' equations."""
    flux = arm.template(arm.scaled([labels for labels, *_ in stars]))
    step, points = arm.header["GRIDSTEP"], flux.shape[1]
    fine = np.arange((points - 1) * FINE + 1) / FINE
    fine_flux = make_interp_spline(np.arange(points), flux.T, k=7)(fine)
    for s, (_, _, vsini, vgauss) in enumerate(stars):
        weights = profile(C * step / FINE, vsini, vgauss)
        fine_flux[:, s] = fftconvolve(np.pad(fine_flux[:, s], weights.size // 2, "edge"), weights, "valid")
    spline = make_interp_spline(fine, fine_flux, k=5)
    out = np.empty((len(stars), wave.size))
    for s, (_, rv, _, _) in enumerate(stars):
        rest = np.log(wave) + 0.5 * np.log((1 - rv / C) / (1 + rv / C))
        out[s] = BSpline(spline.t, spline.c[:, s].copy(), spline.k)((rest - arm.header["GRID0"]) / step)
    return out


def make(emulator, like, out, seed):
    sys.path.insert(0, sys.argv[0].rsplit("/", 2)[0] + "/tools")
    from fits_emulator import FitsArm

    rng = np.random.default_rng(int(seed))
    with fits.open(like, memmap=False) as hdus:
        truth, stars = hdus["TRUTH"].data, len(hdus["TRUTH"].data)
        names = [column.name for column in truth.columns]
        gaussian = "gauss" in out  # rather than rotation
        truth["VSINI"] = 0.0 if gaussian else rng.uniform(0, 150, stars)
        vgauss = rng.uniform(0, 60, stars) if gaussian else np.zeros(stars)
        snr = rng.uniform(50, 100, stars)
        truth["SNR"] = snr
        labels = [name for name in names if name not in ("VSINI", "VRAD", "SNR", "TARGETID")]
        for label in "BRZ":
            arm = FitsArm(emulator, f"desi_{label.lower()}")
            wave = hdus[f"{label}_WAVELENGTH"].data
            asked = [([truth[name][s] for name in labels], truth["VRAD"][s], truth["VSINI"][s], vgauss[s])
                     for s in range(stars)]
            fluxes = [flux for s in range(0, stars, TOGETHER) for flux in observed(arm, asked[s:s + TOGETHER], wave)]
            for s, flux in enumerate(fluxes):
                sigma = flux.mean() / snr[s]
                hdus[f"{label}_FLUX"].data[s] = flux + sigma * rng.normal(size=flux.size)
                hdus[f"{label}_IVAR"].data[s] = sigma ** -2
                hdus[f"{label}_MASK"].data[s] = 0
        columns = hdus["TRUTH"].columns + fits.ColDefs([fits.Column("VGAUSS", "D", array=vgauss)])
        hdus["TRUTH"] = fits.BinTableHDU.from_columns(columns, name="TRUTH")
        for hdu in hdus:
            hdu.header.pop("CHECKSUM", None)
            hdu.header.pop("DATASUM", None)
        hdus.writeto(out)


def statistics(table, truth, name, least):
    """Median offset [km/s], half the 16-84 % range of the pulls, and the number of stars that count."""
    error = table[name + "_ERR"]
    used = (table["STATUS_CODE"] == 1) & (truth[name] > least) & (error > 0)
    offset = (table[name] - truth[name])[used]
    low, high = np.percentile(offset / error[used], [15.87, 84.13])
    return np.median(offset), (high - low) / 2, int(used.sum())


def check(table_path, truth_path, name):
    table, truth = fits.getdata(table_path, "RVTAB"), fits.getdata(truth_path, "TRUTH")
    assert (table["TARGETID"] == truth["TARGETID"]).all()
    offset, width, stars = statistics(table, truth, name.upper(), 15.0)
    print(f"{name} above 15 km/s: {stars} stars, median offset {offset:+.2f} km/s, width of the pulls {width:.2f}")
    return abs(offset) < 0.3 and 0.9 <= width <= 1.1


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    sys.exit(0 if {"make": make, "check": check}[what](*arguments) in (None, True) else 1)
