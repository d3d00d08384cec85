# SPDX-License-Identifier: MIT
"""Fits of spectra, and -2 ln L for samplers of others."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core, _options
from ._library import Library, Parameter
from ._packages import Rows, in_package_of, is_of_another, is_where_fits_run, on_host
from ._result import Result
from ._spectra import Spectra, as_spectra


def _say_messages():
    for text in _core.module.take_messages():
        warnings.warn(text, stacklevel=3)


class _Progress:
    """Tells how far a fit is: by tqdm where it is installed, or to a function (done, all)."""

    def __init__(self, asked, size, unit="star"):
        self.bar = None
        self.call = asked if callable(asked) else None
        if asked and self.call is None:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return
            self.bar = tqdm(total=size, unit=unit)
            self.call = self._move

    def _move(self, done, _):
        self.bar.update(done - self.bar.n)

    def close(self, done):
        if self.bar is not None:
            self._move(done, done)
            self.bar.close()


def _translated(call, *args):
    """An option that does not exist is a TypeError, as an unknown keyword of any function."""
    try:
        return call(*args)
    except ValueError as error:
        if "no such option" in str(error):
            raise TypeError(str(error)) from None
        raise


def fit(library: Library, spectra: Spectra | dict, *, write_models: bool = False,
        progress: bool | Callable[[int, int], object] = False, **options: Any) -> Result:
    """Fit radial velocity, rotation and the library's labels of all spectra.

    Parameters
    ----------
    library : Library
    spectra : Spectra, or a dict that makes them
    write_models : keep best-fit spectra in `result.models`; `result.plot` wants them
    progress : True for a bar (with tqdm), or a function of (stars done, stars in all)
    options : those of the programs, under their names with underscores (docs/rvfit_desi.md)

        npoly, continuum : columns of an arm's continuum, "rbf" or "chebyshev"
        min_vel, max_vel, max_vsini, max_vgauss : bounds  [km/s]
        rotation : "linear", "exact" or "off"
        fix_param : {"vsini": 0}
        priors : {"teff": (5000, 100)}  Gaussian
        sys_err : number, "1%", or {"b": 0.1}  added to errors in quadrature
        lsf : "R:1800", {"b": "fwhm:1.8"}; lsf_sigma; resolution_matrix
        wave_range : (3700, 5000) or {"b": (3700, 5000)}; mask_telluric="all"
        clip : reject outliers beyond so many standard deviations
        hessian : "gauss-newton" or "exact"; max_iterations
        precision : "float" or "double", of spectra and templates
        grid_init : a wider search for starts
        threads : at most so many batches side by side; batch_size : stars of a batch
        config : a settings file

    Returns
    -------
    Result : a row for each star

    Raises
    ------
    ValueError : arrays that do not fit together, an option out of range, wavelengths that the library lacks
    TypeError : an option that does not exist
    KeyboardInterrupt : after Ctrl-C, when the batches under way are done

    A bad spectrum is a status in its row and stops nothing. Other Python threads run meanwhile, and may fit, too.
    """
    spectra = as_spectra(spectra)
    options = _with_matrices(options, spectra)
    bar = _Progress(progress, len(spectra))
    try:
        found = _translated(_core.module.fit, library._compiled, spectra._compiled(), _options.arguments(options),
                            bool(write_models), bar.call)
        bar.close(len(spectra))
    finally:
        _say_messages()
        bar.close(bar.bar.n if bar.bar is not None else 0)
    columns = [(name, unit, text, np.array(values, dtype=str) if isinstance(values, list) else
                values.view(bool) if values.dtype == np.uint8 else values)
               for name, unit, text, values in found["columns"]]
    columns = _with_copied(columns, spectra)
    labels = [arm.label or name.upper() for name, arm in spectra.arms.items()]

    def by_label(arrays):
        return {label: array for label, array in zip(labels, arrays) if array is not None}

    rejected = {label: array.astype(bool) for label, array in by_label(found["rejected"]).items()}
    return Result(columns, [Parameter(*each) for each in found["parameters"]], by_label(found["models"]),
                  by_label(found["waves"]), rejected, spectra if write_models else None)


def _with_matrices(options, spectra):
    """Resolution matrices are applied where all arms have them, unless an option says whether."""
    if options.get("resolution_matrix") is None and all(
            arm.resolution is not None for arm in spectra.arms.values()):
        return {**options, "resolution_matrix": True}
    return options


def _with_copied(columns, spectra):
    """The columns of the spectra before those of the fit; one of the same name becomes IN_NAME."""
    rows = spectra.targets()
    first = slice(None) if rows is None else [each[0] for each in rows]
    taken = {name for name, _, _, _ in columns}
    copied = []
    for name, values in spectra.columns.items():
        while name in taken:
            name = "IN_" + name
        taken.add(name)
        copied.append((name, "", "As the spectra's column", np.asarray(values)[first]))
    return copied + columns


class Likelihood:
    """-2 ln L of B spectra as a function of the parameters, continuum eliminated, priors included.

    Parameters are in the order of `parameters`. Outside the domain of the library a penalty is added; bounds are the
    caller's to keep.

    >>> like = rvfit.Likelihood(library, spectra[0], precision="double")     # doctest: +SKIP
    >>> sampler = emcee.EnsembleSampler(32, 6, lambda t: -0.5 * like(t), vectorize=True)  # doctest: +SKIP

    Parameters
    ----------
    library, spectra, options : as for `fit`; precision is "double" unless told otherwise
    """

    def __init__(self, library: Library, spectra: Spectra | dict, **options: Any):
        spectra = as_spectra(spectra)
        words = _options.arguments({"precision": "double", **_with_matrices(options, spectra)})
        try:
            self._compiled = _translated(_core.module.Likelihood, library._compiled, spectra._compiled(), words)
        finally:
            _say_messages()
        self.parameters: list[Parameter] = [Parameter(*each) for each in self._compiled.parameters]
        self.size: int = self._compiled.size

    def _evaluate(self, theta, derivatives):
        given = theta
        points = self._points_on_device(theta)
        if points is None:
            theta = np.asarray(on_host(theta, "theta"), float)
        size, count = self.size, len(self.parameters)
        wanted = f"(.., {size}, {count})" if size > 1 else f"({count}) or (K, {count})"
        shape = tuple(theta.shape)
        if shape[-1:] != (count,) or (size > 1 and shape[-2:-1] != (size,)):
            raise ValueError(f"theta has shape {shape}, {wanted} wanted")
        if points is not None:
            found = self._compiled.evaluate_on_device(points, derivatives, list(shape[:-1]))
        elif theta.size == 0:
            found = np.zeros(shape[:-1]), np.zeros(shape), np.zeros((*shape, count))
        else:
            found = self._compiled.evaluate(np.ascontiguousarray(theta.reshape(-1, count)), derivatives)
            shapes = shape[:-1], shape, (*shape, count)
            found = [each if each is None else each.reshape(to) for each, to in zip(found, shapes)]
        value, gradient, hessian = (each if each is None else in_package_of(given, each) for each in found)
        return value[()] if isinstance(value, np.ndarray) else value, gradient, hessian  # one value is a number

    def _points_on_device(self, theta):
        """theta as (K B, P) of another package in the memory that fits run in; None if it is not there, or cannot be
        read there."""
        count = len(self.parameters)
        if not is_where_fits_run(theta) or not hasattr(theta, "reshape") or (
                tuple(theta.shape)[-1:] != (count,) or 0 in tuple(theta.shape)):
            return None
        points = theta.reshape(-1, count)
        try:
            rows = Rows(points)
        except TypeError:  # its package does not give it away
            return None
        return points if rows.kind == "float64" and rows.is_dense else None

    def __call__(self, theta: ArrayLike) -> NDArray[np.float64]:
        """-2 ln L.

        theta : (P) or (K, P) for one spectrum, (B, P) or (K, B, P) for B; the result has its shape without the last
        axis. An array of another package (torch, CuPy, JAX) gives one of that package, on its device.
        """
        return self._evaluate(theta, False)[0]

    def at_velocities(self, theta: ArrayLike, rv: ArrayLike) -> NDArray[np.float64]:
        """-2 ln L (G) of one spectrum at velocities rv (G) [km/s] and the other parameters of theta (P): one template
        serves all, which takes a fraction of the time."""
        like = theta if is_of_another(theta) else rv
        theta, rv = np.asarray(on_host(theta, "theta"), float), np.asarray(on_host(rv, "rv"), float)
        if self.size != 1 or theta.shape != (len(self.parameters),) or rv.ndim != 1:
            raise ValueError(f"theta has shape {theta.shape}, rv {rv.shape}, there are {self.size} spectra: "
                             f"({len(self.parameters)}), (G) and one spectrum wanted")
        return in_package_of(like, self._compiled.at_velocities(theta.tolist(), rv.tolist()))

    def gradient(self, theta: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """-2 ln L and its gradient, of theta's shape: what scipy.optimize.minimize(.., jac=True) takes."""
        value, gradient, _ = self._evaluate(theta, True)
        return value, gradient

    def linearize(self, theta: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """-2 ln L, gradient (.., P) and Gauss-Newton Hessian (.., P, P)."""
        return self._evaluate(theta, True)
