# SPDX-License-Identifier: MIT
"""rvspecfit.spec_fit: data sets, and their likelihood."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import fit
from . import _engine


class ResolMatrix:
    """A resolution matrix, a sparse matrix of scipy (N, N): what the spectrograph makes of a spectrum is mat @ spectrum."""

    def __init__(self, mat: Any):
        self.mat = mat


class SpecData:
    """One spectrum.

    Parameters
    ----------
    name : str
        Arm of the library.
    lam : (N)  wavelengths  [Angstrom]
    spec, espec : (N)  flux and its standard deviation
    badmask : (N) bool
        Pixels that get no weight. (In rvspecfit they keep theirs in the likelihood.)
    resolution : ResolMatrix
        Applied to templates as they are in the library.
    """

    def __init__(self, name: str, lam: ArrayLike, spec: ArrayLike, espec: ArrayLike, badmask: ArrayLike | None = None,
                 resolution: ResolMatrix | None = None, dtype: type = np.float64):
        def frozen(array, kind=dtype):
            array = np.array(array, dtype=kind)
            array.flags.writeable = False
            return array

        self.name = name
        self.lam = frozen(lam)
        self.spec = frozen(spec)
        self.espec = frozen(espec)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.spec_error_ratio = frozen(self.spec / self.espec)
        self.badmask = frozen(np.zeros(len(self.spec)) if badmask is None else badmask, bool)
        self.resolution = resolution
        self.objid = uuid.uuid4().int  # also of objects that come from other processes

    def __hash__(self):
        return self.objid

    def __eq__(self, other):
        return self is other


def _labels(atm_params, config):
    names = [label.name for label in _engine.library_of(config).labels]
    values = tuple(atm_params)
    if len(values) != len(names):
        raise ValueError(f"atm_params has {len(values)} numbers, the library has {len(names)} labels: "
                         f"{', '.join(names)}")
    return dict(zip(names, map(float, values)))


def param_dict_to_tuple(paramDict: dict[str, float], setup: str, config: dict[str, Any]) -> tuple[float, ...]:
    """Labels in the order of the library."""
    return tuple(paramDict[label.name] for label in _engine.library_of(config).labels)


def construct_resol_mat(lam: ArrayLike, resol: ArrayLike | None = None, width: ArrayLike | None = None) -> ResolMatrix:
    """The matrix of a Gaussian line spread.

    Parameters
    ----------
    lam : (N) increasing  [Angstrom]
    resol : number or (N)  wavelength over FWHM, which is 2.35 sigma
    width : number or (N)  sigma, instead  [Angstrom]

    Returns
    -------
    ResolMatrix, whose rows have a sum of 1 and reach to five times the widest sigma
    """
    from scipy import sparse

    if (resol is None) == (width is None):
        raise ValueError("resol or width wanted, one of them")
    lam = np.asarray(lam, float)
    if lam.ndim != 1 or not np.all(np.diff(lam) > 0):
        raise ValueError(f"lam has shape {lam.shape}, (N) of increasing wavelengths wanted")
    sigma = np.broadcast_to(np.asarray(width, float) if resol is None else lam / resol / 2.35, lam.shape)
    pixel = np.arange(len(lam))
    first = np.searchsorted(lam, lam - 5 * sigma)
    last = np.minimum(np.searchsorted(lam, lam + 5 * sigma, "right"), len(lam) - 1)
    reach = int(max(np.max(pixel - first), np.max(last - pixel)))
    offsets = np.arange(-reach, reach + 1)
    row = pixel - offsets[:, np.newaxis]
    inside = (row >= 0) & (row < len(lam))
    row = np.where(inside, row, 0)
    values = inside * np.exp(-0.5 * ((lam - lam[row]) / sigma[row]) ** 2)
    values /= np.bincount(row.ravel(), values.ravel(), len(lam))[row]
    return ResolMatrix(sparse.dia_matrix((values, offsets), shape=(len(lam), len(lam))))


def convolve_resol(spec: ArrayLike, resol_matrix: ResolMatrix) -> NDArray[np.float64]:
    """mat @ spec."""
    return resol_matrix.mat @ spec


def get_chisq_continuum(specdata: Sequence[SpecData] | SpecData,
                        options: dict[str, Any] | None = None) -> dict[str, NDArray[np.float64]]:
    """Chi-square of the continuum alone, without a star.

    Returns
    -------
    dict : chisq_array, redchisq_array, an entry for every data set
    """
    options = options or {}
    rows = {"chisq_array": [], "redchisq_array": []}
    for data in _engine.as_list(specdata):
        columns = _engine.continuum_of(data.lam, options.get("npoly") or 5, options.get("rbf_continuum", True))
        if data.resolution is not None:
            columns = columns * convolve_resol(np.ones(len(data.lam)), data.resolution)
        weighted = columns / data.espec
        found, *_ = np.linalg.lstsq(weighted.T, data.spec / data.espec, rcond=None)
        good = ~data.badmask
        chisq = float(np.sum((found @ weighted - data.spec / data.espec)[good] ** 2))
        rows["chisq_array"].append(chisq)
        rows["redchisq_array"].append(chisq / max(int(good.sum()), 1))
    return {name: np.array(values) for name, values in rows.items()}


def get_chisq(specdata: Sequence[SpecData] | SpecData, vel: float, atm_params: Sequence[float],
              rot_params: Sequence[float] | None = None, resol_params: dict[str, ResolMatrix] | None = None,
              options: dict[str, Any] | None = None, config: dict[str, Any] | None = None, cache: Any = None,
              full_output: bool = False, fast_interp: bool = False,
              espec_systematic: ArrayLike | dict[str, ArrayLike] | None = None,
              outside_penalty: bool = True) -> float | dict[str, Any]:
    """-2 ln L of the data at a velocity, template labels and rotation, continuum marginalised.

    Parameters
    ----------
    specdata : SpecData, or a list of them
    vel : [km/s]
    atm_params : labels in the order of the library
    rot_params : (vsini,)  [km/s], or None
    resol_params : dict of setup to ResolMatrix, for data sets without a matrix of their own
    espec_systematic : number or (N), or a dict of these by setup, added to errors in quadrature

    Returns
    -------
    -2 ln L, or with full_output a dict: chisq (the same), logl, chisq_array, red_chisq_array, npix_array, models,
    raw_models; each with an entry for every data set
    """
    if fast_interp or not outside_penalty:
        raise NotImplementedError("fast_interp=True and outside_penalty=False are not supported: leave them out")
    specdata = _engine.as_list(specdata)
    rotates = rot_params is not None
    vsini = tuple(rot_params)[0] if rotates else None
    labels = _labels(atm_params, config)
    like = _engine.likelihood_of(specdata, options, config, rotates, resol_params, espec_systematic)
    value = float(like(_engine.theta_of(like, labels, vsini, vel)))
    if not np.isfinite(value):
        raise RuntimeError(f"The log(likelihood) value is not finite: velocity {vel}, atm parameters {atm_params}")
    if not full_output:
        return value
    fixed = {**labels, "rv": float(vel), **({"vsini": float(vsini)} if rotates else {})}
    library = _engine.library_of(config)
    spectra, names = _engine.spectra_of(specdata, library, resol_params, espec_systematic)
    matrices = _engine.matrices_of(specdata, resol_params)
    found = fit(library, spectra, fix_param=fixed, write_models=True, precision="double",
                **_engine.options_of(options, config, rotates=rotates, has_matrices=any(m is not None for m in matrices)))
    out = _engine.output_of(found, spectra, names, specdata, matrices, library, fixed)
    return {**out, "chisq": value, "logl": -0.5 * value}


def _vertex(grid, chisq, i):
    """The minimum of a parabola through three points, or the point."""
    if i in (0, len(grid) - 1):
        return grid[i]
    a, b, _ = np.polyfit(grid[i - 1: i + 2] - grid[i], chisq[i - 1: i + 2], 2)
    return grid[i] - b / (2 * a) if a > 0 else grid[i]


def find_best(specdata: Sequence[SpecData] | SpecData, vel_grid: ArrayLike, params_list: Sequence[Sequence[float]],
              rot_params: Sequence[float] | None = None, resol_params: dict[str, ResolMatrix] | None = None,
              options: dict[str, Any] | None = None, config: dict[str, Any] | None = None,
              quadratic: bool = True) -> dict[str, Any]:
    """The best template and velocity of a grid.

    Returns
    -------
    dict : best_chi, best_vel, vel_err, best_param, kurtosis, skewness, probs (V)
    """
    grid = np.asarray(vel_grid, float)
    vsini = None if rot_params is None else tuple(rot_params)[0]
    like = _engine.likelihood_of(specdata, options, config, rot_params is not None, resol_params)
    points = [_engine.theta_of(like, _labels(params, config), vsini) for params in params_list]
    values = np.array([like.at_velocities(theta, grid) for theta in points])
    best, place = np.unravel_index(np.nanargmin(values), values.shape)
    chisq = values[best]
    probs = np.exp(-0.5 * (chisq - chisq[place]))
    probs = probs / probs.sum()
    best_vel = _vertex(grid, chisq, place) if quadratic else grid[place]
    width = np.sqrt(np.sum(probs * (grid - best_vel) ** 2))
    narrow = width < 1e-10
    return {
        "best_chi": float(chisq[place]),
        "best_vel": float(best_vel),
        "vel_err": float(width),
        "best_param": params_list[best],
        "kurtosis": 0.0 if narrow else float(np.sum(probs * (grid - best_vel) ** 4) / width**4),
        "skewness": 0.0 if narrow else float(np.sum(probs * (grid - best_vel) ** 3) / width**3),
        "probs": probs,
    }
