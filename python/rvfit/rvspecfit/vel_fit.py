# SPDX-License-Identifier: MIT
"""rvspecfit.vel_fit: fits of one star."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import fit
from . import _engine, spec_fit


def firstguess(specdata: Sequence[spec_fit.SpecData] | spec_fit.SpecData, options: dict[str, Any] | None = None,
               config: dict[str, Any] | None = None, resolParams: dict[str, spec_fit.ResolMatrix] | None = None,
               vsinigrid: Sequence[float | None] = (None, 10, 100),
               paramsgrid: dict[str, Sequence[float]] | None = None) -> dict[str, float]:
    """The best template of a small grid of labels and rotations: a start for samplers. `process` needs none.

    Returns
    -------
    dict : labels, and vsini where the best template rotates
    """
    if paramsgrid is None:
        paramsgrid = {"logg": [1, 2, 3, 4, 5], "teff": [3000, 5000, 8000, 10000], "feh": [-2, -1, 0], "alpha": [0]}
    names = [label.name for label in _engine.library_of(config).labels]
    points = []
    for values in itertools.product(*paramsgrid.values()):
        point = dict(zip(paramsgrid, values))
        points.append([point[name] for name in names])
    grid = np.arange(config["min_vel"], config["max_vel"], config["vel_step0"])
    best, guess = np.inf, {}
    for vsini in vsinigrid:
        found = spec_fit.find_best(specdata, grid, points, rot_params=None if vsini is None else (vsini,),
                                   resol_params=resolParams, options=options, config=config)
        if found["best_chi"] < best:
            best = found["best_chi"]
            guess = dict(zip(names, found["best_param"]))
            if vsini is not None:
                guess["vsini"] = vsini
    return guess


def process(specdata: Sequence[spec_fit.SpecData] | spec_fit.SpecData, paramDict0: dict[str, float],
            fixParam: Sequence[str] | str | None = None, options: dict[str, Any] | None = None,
            config: dict[str, Any] | None = None, resolParams: dict[str, spec_fit.ResolMatrix] | None = None,
            priors: dict[str, tuple[float, float]] | None = None) -> dict[str, Any]:
    """Fit velocity, rotation and labels of one star.

    Parameters
    ----------
    specdata : SpecData, or a list of them
    paramDict0 : dict of labels, and vsini if the star is to rotate
        Values of what fixParam names. Others are not needed: starts come from a scan over velocities and templates.
    fixParam : names that keep their value
    options : dict, {"npoly": 10}
    config : dict of `utils.read_config`
    resolParams : dict of setup to ResolMatrix, for data sets without a matrix of their own
    priors : {"teff": (5000, 10)}

    Returns
    -------
    dict : vel, vel_err, vel_skewness, vel_kurtosis of the velocity's posterior at the best template; param, param_err,
        param_covar (labels in the library's order; errors marginal over all other parameters), vsini where it was
        fitted, chisq (-2 ln L), logl, chisq_array, npix_array, yfit (models), raw_models, minimize_success,
        bad_hessian
    """
    specdata = _engine.as_list(specdata)
    library = _engine.library_of(config)
    rotates = "vsini" in paramDict0
    fixParam = [] if fixParam is None else [fixParam] if isinstance(fixParam, str) else list(fixParam)
    names = [label.name for label in library.labels]
    missing = [name for name in names if name not in paramDict0]
    if missing:
        raise KeyError(missing[0])
    fixed = {name: float(paramDict0[name]) for name in fixParam}
    spectra, keys = _engine.spectra_of(specdata, library, resolParams)
    matrices = _engine.matrices_of(specdata, resolParams)
    found = fit(library, spectra, write_models=True, fix_param=fixed or None, priors=priors or None,
                **_engine.options_of(options, config, rotates=rotates, has_matrices=any(m is not None for m in matrices)))
    if found["RVS_WARN"][0] & 32:
        raise RuntimeError(f"nothing could be fitted: {found['STATUS'][0]}")
    fitted = [p.name for p in found.parameters]
    values = dict(zip(fitted, map(float, found.theta[0])))
    errors = dict(zip(fitted, map(float, found.error[0])))
    places = [fitted.index(name) for name in names]
    of_priors = sum(((values[name] - mean) / sigma) ** 2 for name, (mean, sigma) in (priors or {}).items())
    chisq = float(found["NEG2LOGL"][0]) - of_priors
    out = _engine.output_of(found, spectra, keys, specdata, matrices, library, values)
    ret = {
        "param": {name: values[name] for name in names},
        "param_err": {name: errors[name] for name in names},
        "param_covar": found.covariance[0][np.ix_(places, places)],
        "vel": values["rv"],
        "vel_err": float(found["VRAD_ERR_PROFILE"][0]),
        "vel_skewness": float(found["VRAD_SKEW"][0]),
        "vel_kurtosis": float(found["VRAD_KURT"][0]),
        "minimize_success": bool(found["STATUS"][0] == "converged"),
        "bad_hessian": bool(found["BAD_HESSIAN"][0]),
        "yfit": out["models"],
        "raw_models": out["raw_models"],
        "chisq": chisq,
        "logl": -0.5 * chisq,
        "chisq_array": out["chisq_array"],
        "npix_array": out["npix_array"],
    }
    if rotates and "vsini" not in fixParam:
        ret["vsini"] = values["vsini"]
    return ret
