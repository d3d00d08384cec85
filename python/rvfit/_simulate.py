# SPDX-License-Identifier: MIT
"""Simulated spectra."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._library import Library
from ._spectra import Arm, Spectra


def simulate(library: Library, stars: int = 256, *, seed: int = 1, snr_min: float = 10.0, snr_max: float = 100.0,
             rv_max: float = 500.0, vsini_max: float = 150.0) -> tuple[Spectra, dict[str, NDArray[np.float64]]]:
    """Stars of known parameters in DESI's three arms, as rvfit_simulate makes them; the same seed gives the same.

    Parameters
    ----------
    library : Library with arms desi_b, desi_r, desi_z
    stars : number of spectra
    snr_min, snr_max : of a pixel of mean flux, uniform in the logarithm
    rv_max, vsini_max : rv is uniform in -rv_max .. rv_max, sqrt(vsini) up to its root  [km/s]

    Returns
    -------
    spectra : Spectra, prepared as DESI's are
    truth : dict of parameter's name to (stars); and "snr"
    """
    names, theta, snr, arms = _core.module.simulate(
        library._compiled, int(stars), int(seed), float(snr_min), float(snr_max), float(rv_max), float(vsini_max))
    made = {name: Arm(wave, flux, ivar, mask=mask, label=label) for name, label, wave, flux, ivar, mask in arms}
    truth = {name: theta[:, p].copy() for p, name in enumerate(names)}
    return Spectra(made, masked=[(4300.0, 4450.0)], error_floor=0.3), {**truth, "snr": snr}
