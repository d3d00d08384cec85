# SPDX-License-Identifier: MIT
"""A figure of a star's fit."""

import textwrap

import numpy as np


def _good(arm, row):
    weight = np.asarray(arm.weight[row], float)
    good = np.isfinite(np.asarray(arm.flux[row], float)) & np.isfinite(weight) & (weight > 0)
    return good if arm.mask is None else good & (np.asarray(arm.mask[row]) == 0)


def plot(result, spectra, star, figure):
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("plot wants matplotlib: pip install matplotlib") from None
    if spectra is None or not result.models:
        raise ValueError("plot wants a result of fit(.., write_models=True) of this session")
    rows = spectra.targets()
    row = star if rows is None else rows[star][0]
    arms = list(spectra.arms.items())
    if figure is None:
        figure = plt.figure(figsize=(max(8, 5 * len(arms)), 5), layout="constrained")
    axes = figure.subplots(2, len(arms), sharex="col", squeeze=False, gridspec_kw={"height_ratios": [3, 1]})
    for (upper, lower), (name, arm) in zip(axes.T, arms):
        label = arm.label or name.upper()
        wave = np.asarray(arm.wave[row if len(arm.wave) > 1 else 0], float)
        model_wave = result.model_waves[label]
        model_wave = model_wave if model_wave.ndim == 1 else model_wave[row]
        good = _good(arm, row)
        flux = np.where(good, np.asarray(arm.flux[row], float), np.nan)
        weight = np.asarray(arm.weight[row], float)
        with np.errstate(divide="ignore", invalid="ignore"):
            sigma = weight if arm.is_error else 1 / np.sqrt(weight)
        model = result.models[label][row]
        upper.plot(wave, flux, lw=0.6, color="0.4", label="spectrum")
        upper.plot(model_wave, model, lw=0.9, color="C3", label="model")
        if good.any():
            lowest, highest = np.nanpercentile(flux, [0.5, 99.5])
            upper.set_ylim(lowest - 0.2 * (highest - lowest), highest + 0.2 * (highest - lowest))
        here = np.interp(wave, model_wave, model)
        lower.plot(wave, (flux - here) / sigma, lw=0.5, color="0.4")
        lower.axhline(0, color="C3", lw=0.8)
        lower.set_ylim(-6, 6)
        upper.set_title(label)
        lower.set_xlabel("wavelength [Angstrom]")
    axes[0, 0].set_ylabel("flux")
    axes[1, 0].set_ylabel("residual / error")
    axes[0, 0].legend()
    values = ", ".join(f"{p.name} {v:.5g} +- {e:.2g}" for p, v, e in
                       zip(result.parameters, result.theta[star], result.error[star]))
    title = "; ".join([values, result["STATUS"][star], *result.warnings(star)])
    # Some fourteen letters of this size an inch.
    figure.suptitle(textwrap.fill(title, int(14 * figure.get_figwidth())), fontsize="small")
    return figure
