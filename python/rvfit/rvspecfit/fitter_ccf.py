# SPDX-License-Identifier: MIT
"""rvspecfit.fitter_ccf: starts of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import fit as fit_spectra
from . import _engine, spec_fit


def fit(specdata: Sequence[spec_fit.SpecData] | spec_fit.SpecData, config: dict[str, Any]) -> dict[str, Any]:
    """Labels, rotation and velocity to start from. It is a fit: rvfit's is faster than a cross-correlation.

    Returns
    -------
    dict : best_par (labels), best_vel, best_vsini, best_model by setup (with its continuum), vel_grid (V),
        best_ccf (V), -2 ln L of the best template on that grid; rvspecfit's proc_spec is not there
    """
    specdata = _engine.as_list(specdata)
    library = _engine.library_of(config)
    spectra, keys = _engine.spectra_of(specdata, library)
    matrices = _engine.matrices_of(specdata, None)
    options = {"npoly": 10}
    found = fit_spectra(library, spectra, write_models=True,
                        **_engine.options_of(options, config, has_matrices=any(m is not None for m in matrices)))
    if found["RVS_WARN"][0] & 32:
        raise RuntimeError(f"Cross-correlation step failed: {found['STATUS'][0]}")
    values = dict(zip([p.name for p in found.parameters], map(float, found.theta[0])))
    labels = {label.name: values[label.name] for label in library.labels}
    most = float(config.get("max_vel") or 1000)
    grid = np.linspace(-most, most, 2 * int(most / (config.get("vel_step0") or 2)) + 1)
    grid = grid[(grid >= config["min_vel"]) & (grid <= config["max_vel"])]
    like = _engine.likelihood_of(specdata, options, config, True)
    models = _engine.output_of(found, spectra, keys, specdata, matrices, library, values)["models"]
    return {
        "best_par": labels,
        "best_vel": values["rv"],
        "best_vsini": values["vsini"],
        "best_ccf": like.at_velocities(_engine.theta_of(like, labels, values["vsini"]), grid),
        "best_model": dict(zip((data.name for data in specdata), models)),
        "vel_grid": grid,
    }
