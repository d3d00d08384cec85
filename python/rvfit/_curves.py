# SPDX-License-Identifier: MIT
"""Fits of curves."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _core, _curve_arrays
from ._curve_arrays import as_native, by_name, column, is_native, numbers, rows, table
from ._curve_result import CurveResult
from ._fit import _Progress
from .models import Compiled, Model

#: Loss in curve_task.hpp, with the threshold that is used where none is given.
_LOSSES = {"square": (0, 1.0), "huber": (1, 1.345), "cauchy": (2, 2.385), "poisson": (3, 1.0)}
#: A thread holds the data of several fits in memory that Kokkos limits to 80 MB.
MOST_POINTS = 1 << 19
_WEIGHTS = {"weight": 1, "inverse_variance": 2, "sigma": 3}


def _model(model, parameters, variables):
    if isinstance(model, Model):
        if parameters is not None:
            raise TypeError("parameters are named by the model already")
        return model
    if isinstance(model, str):
        if parameters is None:
            raise TypeError("a model that is text wants the names of its parameters: parameters=[..]")
        return Compiled(model, parameters, variables, "struct Model" in model)
    raise TypeError(f"the model is {type(model).__name__}: one of rvfit.models, or text wanted")


def _data(y, model):
    """((N, M) array, mask or None, shape of an image or None)."""
    y, mask = numbers("y", y)
    shape = y.shape
    if model.dimensions == 2 and y.ndim == 3:
        image = shape[1:]
        y = y.reshape(len(y), -1)
        mask = mask if mask is None else mask.reshape(len(mask), -1)
    elif y.ndim in (1, 2):
        image = None
        y = y[np.newaxis] if y.ndim == 1 else y
        mask = mask if mask is None else np.atleast_2d(mask)
    else:
        wanted = "(N, M)" if model.dimensions == 1 else "(N, M) or (N, rows, columns)"
        raise ValueError(f"y has shape {shape}, {wanted} wanted")
    if y.shape[1] == 0:
        raise ValueError(f"y has shape {shape}: no points")
    if y.shape[1] > MOST_POINTS:
        raise ValueError(f"y has shape {shape}: {y.shape[1]} points of a fit, at most {MOST_POINTS} are supported")
    return y, mask, image


def _like_data(name, values, y, image):
    """(1 or N, M) values at the points of y, and their mask."""
    values, mask = numbers(name, values)
    if image is not None and values.shape[-2:] == image and values.ndim in (2, 3):
        values = values.reshape(*values.shape[:-2], -1)
        mask = mask if mask is None else mask.reshape(values.shape)
    what = "as y" if image is None else f"as y, of images of {image}"
    return rows(name, values, len(y), y.shape[1], what), None if mask is None else np.atleast_2d(mask)


def _places(x, model, y, image):
    """Coordinates, each (1 or N, M)."""
    if model.dimensions == 1:
        if x is None:
            return [np.arange(y.shape[1], dtype=float)[np.newaxis]]
        return [_like_data("x", x, y, None)[0]]
    if x is None:
        if image is None:
            raise ValueError(f"y has shape {y.shape}: a model of two dimensions wants images (N, rows, columns), or x=(x, y)")
        down, across = np.indices(image, dtype=float)
        return [across.reshape(1, -1), down.reshape(1, -1)]
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError("x of a model of two dimensions is a pair of arrays (x, y)")
    across, down = (np.asarray(each, dtype=float) for each in x)
    if image is not None and across.shape == image[1:] and down.shape == image[:1] and across.ndim == 1:
        across, down = np.broadcast_arrays(across[np.newaxis], down[:, np.newaxis])
    return [_like_data("x", across, y, image)[0], _like_data("the second of x", down, y, image)[0]]


def _bounds(bounds, model, count):
    """(lower, upper), each (1 or N, P)."""
    names = model.parameters
    lower, upper = model.lower[np.newaxis], np.full((1, len(names)), np.inf)
    if bounds is None:
        return lower, upper
    if isinstance(bounds, Mapping):
        pairs = {}
        for name, pair in by_name("bounds", bounds, names):
            try:
                low, high = pair
            except (TypeError, ValueError):
                raise ValueError(f"bounds of {name} are {pair!r}, a pair (least, most) wanted") from None
            pairs[name] = (model.lower[names.index(name)] if low is None else low, np.inf if high is None else high)
        lower = table("bounds", {name: pair[0] for name, pair in pairs.items()}, names, count, model.lower)
        upper = table("bounds", {name: pair[1] for name, pair in pairs.items()}, names, count, np.inf)
    else:
        try:
            low, high = bounds
        except (TypeError, ValueError):
            raise ValueError("bounds are a dict of name to (least, most), or a pair of arrays") from None
        lower = table("lower bounds", np.broadcast_to(low, np.shape(low) or (len(names),)), names, count, -np.inf)
        upper = table("upper bounds", np.broadcast_to(high, np.shape(high) or (len(names),)), names, count, np.inf)
    crossed = ~(lower <= upper)
    if crossed.any():
        fit, p = np.argwhere(crossed)[0]
        low, high = np.broadcast_arrays(lower, upper)
        raise ValueError(f"bounds of {names[p]} are [{low[fit, p]:g}, {high[fit, p]:g}]"
                         + (f" in fit {fit}" if len(low) > 1 else ""))
    return lower, upper


def _starts(start, fixed, model, count):
    """((1 or N, P) starts, NaN where guessed, (1, P) fixed)."""
    names = model.parameters
    out = np.full((1, len(names)), np.nan) if start is None else table("start", start, names, count, np.nan)
    held = np.zeros((1, len(names)), dtype=np.uint8)
    if fixed is not None:
        if isinstance(fixed, str):
            raise TypeError(f"fixed is {fixed!r}: a dict of name to value, or a list of names that keep their start wanted")
        if not isinstance(fixed, Mapping):
            fixed = dict.fromkeys(fixed)
        for name, value in by_name("fixed value", fixed, names):
            p = names.index(name)
            held[0, p] = 1
            if value is not None:
                value = column("fixed value", name, value, count)
                if value.ndim and len(out) < count:
                    out = np.repeat(out, count, axis=0)
                out[:, p] = value
            elif np.isnan(out[:, p]).any():
                raise ValueError(f"{name} is fixed, but has no start to keep")
    open_starts = np.isnan(out).any(axis=0)
    if open_starts.any() and not model.has_guess:
        missing = ", ".join(name for name, is_open in zip(names, open_starts) if is_open)
        raise ValueError(f"this model has no guess of its own: give a start of {missing}")
    return out, held


def _priors(priors, names, count):
    if priors is None:
        return np.zeros((1, len(names))), np.full((1, len(names)), np.inf)
    if not isinstance(priors, Mapping):
        raise TypeError("priors are a dict of name to (mean, sigma)")
    pairs = {}
    for name, pair in by_name("prior", priors, names):
        try:
            pairs[name], _ = pair, len(pair)
            mean, sigma = pair
        except (TypeError, ValueError):
            raise ValueError(f"the prior of {name} is {pair!r}, a pair (mean, sigma) wanted") from None
        if not np.all(np.asarray(sigma) > 0) or not np.all(np.isfinite(mean)):
            raise ValueError(f"the prior of {name} is {mean} +- {sigma}: numbers and positive widths wanted")
    mean = table("priors", {name: pair[0] for name, pair in pairs.items()}, names, count, 0.0)
    sigma = table("priors", {name: pair[1] for name, pair in pairs.items()}, names, count, np.inf)
    return mean, sigma


def _loss(loss):
    name, threshold = loss if isinstance(loss, (tuple, list)) and len(loss) == 2 else (loss, None)
    if name not in _LOSSES:
        raise ValueError(f"loss is {loss!r}, one of {', '.join(_LOSSES)} wanted, or (\"huber\", threshold)")
    number, usual = _LOSSES[name]
    threshold = usual if threshold is None else float(threshold)
    if not (threshold > 0 and math.isfinite(threshold)):
        raise ValueError(f"the threshold of {name} is {threshold:g}, must be positive")
    return name, number, threshold


def _tolerances(max_steps, **tolerances):
    if int(max_steps) != max_steps or max_steps < 0:
        raise ValueError(f"max_steps is {max_steps}, a count wanted")
    for name, value in tolerances.items():
        if not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"{name} is {value:g}, must be finite and not negative")
    return {"max_steps": int(max_steps), **{name: float(value) for name, value in tolerances.items()}}


class _Arrays:
    """All arrays of N fits, (1 or N, ..), and blocks of them as the compiled module takes them."""

    def __init__(self, model, y, weights, x, mask, start, fixed, bounds, priors, scale):
        self.y, own_mask, image = _data(y, model)
        count = len(self.y)
        self.arrays = {}
        self.kind = 0
        masks = [own_mask]
        for name, values in weights.items():
            if values is not None:
                if self.kind:
                    raise TypeError("more than one of weight, inverse_variance and sigma")
                self.kind = _WEIGHTS[name]
                if np.ndim(values) == 0:
                    values = np.full(self.y.shape[1], values, dtype=float)
                self.arrays["weight"], own = _like_data(name, values, self.y, image)
                masks.append(own)
        if mask is not None:
            masks.append(_like_data("mask", mask, self.y, image)[0] != 0)
        masks = [each for each in masks if each is not None]
        if masks:
            self.arrays["mask"] = functools.reduce(np.logical_or, masks).view(np.uint8)
        self.arrays.update(zip(("x", "second"), _places(x, model, self.y, image)))
        names = model.parameters
        lower, upper = _bounds(bounds, model, count)
        mean, sigma = _priors(priors, names, count)
        scales = table("scale", {} if scale is None else scale, names, count, 1.0)
        if len(scales) != 1 or not (np.isfinite(scales) & (scales > 0)).all():
            raise ValueError(f"scale is {scales}, a positive number of each parameter wanted")
        self.arrays["start"], held = _starts(start, fixed, model, count)
        if held.any():
            self.arrays["fixed"] = held
        # Those that differ from fit to fit go as arrays of N rows.
        for name, values in {"lower": lower, "upper": upper, "prior_mean": mean, "prior_sigma": sigma}.items():
            if len(values) > 1:
                self.arrays[name] = values
        plain = [values[0] if len(values) == 1 else np.full(len(names), usual)
                 for values, usual in ((lower, -np.inf), (upper, np.inf), (mean, 0.0), (sigma, np.inf), (scales, 1.0))]
        self.parameters = [tuple(map(float, five)) for five in zip(*plain)]

    def is_native(self):
        return all(is_native(values) or values.dtype == np.uint8 or len(values) == 1
                   for values in (self.y, *self.arrays.values()))

    def block(self, first, last):
        """Rows of all arrays, converted where they have to be."""
        out = {"y": as_native(self.y[first:last])}
        for name, values in self.arrays.items():
            some = values if len(values) == 1 and len(self.y) > 1 else values[first:last]
            out[name] = some if some.dtype == np.uint8 else as_native(some)
        return out

    def rows_of_block(self):
        """Fits of a block: all, unless numbers have to be converted."""
        return max(len(self.y), 1) if self.is_native() else max(_curve_arrays.BLOCK // self.y.shape[1], 1)


def curve_fit(model: Model | str, y: ArrayLike | Iterable, weight: ArrayLike | None = None, start: Any = None, *,
              x: Any = None, inverse_variance: ArrayLike | None = None, sigma: ArrayLike | None = None,
              mask: ArrayLike | None = None, bounds: Any = None, fixed: Any = None, priors: Mapping | None = None,
              loss: str | tuple[str, float] = "square", scale_covariance: bool | None = None,
              estimate_scale: bool | None = None, scale: Any = None, covariance: bool = True,
              max_steps: int = 10000, tolerance: float = 1e-8, relative_tolerance: float = 0.0,
              step_tolerance: float = 0.0, gradient_tolerance: float = 0.0, threads: int = 0,
              progress: bool | Callable[[int, int], object] = False, parameters: Iterable[str] | None = None,
              variables: Iterable[str] = ("x",)) -> CurveResult:
    """Fit a curve to each of N data sets.

    Parameters
    ----------
    model : one of `rvfit.models`, or an expression of C++ as text with ``parameters=["a", ..]`` (rvfit.models.expression)
    y : (N, M), or (M) for one fit; (N, rows, columns) for models of x and y. float32 and float64 are read where they lie,
        also memory-mapped ones, whatever their strides; others are converted a block at a time. Points that are NaN,
        infinite or masked are left out. An iterable of such arrays is fitted one after the other; `curve_fits` also
        gives the results away one after the other.
    weight, inverse_variance, sigma : (M) or (N, M), one of them  [1 / y, 1 / y^2, y]. Points of weight 0, and of a sigma
        that is no positive number, are left out. Without any, errors of the parameters come from the scatter.
    start : (P), (N, P), or {name: number or (N)}; NaN and what is left out is guessed, where the model has a guess
    x : (M) or (N, M); 0, 1, .. without it. A pair (x, y) for models of two dimensions; columns and rows of images
        without it
    mask : (M) or (N, M); points where it is not 0 are left out
    bounds : {name: (least, most)}, numbers, None or (N); or a pair of (P) or (N, P) arrays
    fixed : {name: value or (N)}, or a list of names that keep their start
    priors : {name: (mean, sigma)}, numbers or (N)
    loss : "square", "huber", "cauchy", each also with its threshold, ("huber", 2.0) [sigma]; "poisson" for counts
    scale_covariance : errors from the scatter, F / freedom; by default where there are no weights
    estimate_scale : of "huber" and "cauchy": estimate the scale of the residuals, too; by default where there are no weights
    scale : {name: step}  a step that clearly changes the model, for parameters that start at 0; 1 by default
    covariance : keep covariances (N, P, P), or errors (N, P) alone
    max_steps, tolerance, relative_tolerance, step_tolerance, gradient_tolerance : of the solver (docs/solver.md)
    threads : at most so many; 0: all
    progress : True for a bar (with tqdm), or a function of (fits done, fits in all)

    Returns
    -------
    CurveResult : a row for each fit; what goes wrong with one is its status, and stops nothing

    Raises
    ------
    ValueError : shapes that do not fit together, options out of range, parameters that the model does not have
    TypeError : arrays that are no real numbers; arguments that exclude each other
    KeyboardInterrupt : after Ctrl-C, within a second
    """
    arguments = {key: value for key, value in locals().items() if key != "y"}
    if _is_iterable(y):
        parts = list(curve_fits(y=y, **arguments))
        if not parts:
            raise ValueError("y is an empty iterable: no data")
        return CurveResult._joined(parts)
    model = _model(model, parameters, variables)
    arrays = _Arrays(model, y, {"weight": weight, "inverse_variance": inverse_variance, "sigma": sigma}, x, mask, start,
                     fixed, bounds, priors, scale)
    name, number, threshold = _loss(loss)
    count, size, known = len(arrays.y), len(model.parameters), bool(arrays.kind)
    if name == "poisson" and known:
        raise TypeError("counts have no weights: leave points out by mask")
    is_robust = name in ("huber", "cauchy")
    if estimate_scale and not is_robust:
        raise ValueError(f"estimate_scale with loss {name}: huber or cauchy wanted")
    estimates = is_robust and not known if estimate_scale is None else bool(estimate_scale)
    # With an estimated scale, or counts, errors are known.
    scatter = not known and not estimates and name != "poisson" if scale_covariance is None else bool(scale_covariance)
    if scatter and name == "poisson":
        raise ValueError("scale_covariance with loss poisson, whose errors are known")
    if threads < 0:
        raise ValueError(f"threads is {threads}, must not be negative")
    settings = {"weights": arrays.kind, "loss": number, "threshold": threshold, "estimates_scale": estimates,
                "scale_covariance": scatter, "threads": int(threads), "parameters": arrays.parameters,
                **_tolerances(max_steps, tolerance=tolerance, relative_tolerance=relative_tolerance,
                              step_tolerance=step_tolerance, gradient_tolerance=gradient_tolerance)}
    out = {"theta": np.empty((count, size)), "error": np.empty((count, size)), "value": np.empty(count),
           "status": np.empty(count, dtype=np.int32), "steps": np.empty(count, dtype=np.int32),
           "freedom": np.empty(count, dtype=np.int32), "undetermined": np.empty(count, dtype=np.uint64),
           "on_bound": np.empty(count, dtype=np.uint64)}
    if covariance:
        out["covariance"] = np.empty((count, size, size))
    if estimates:
        out["scale"] = np.empty(count)
    bar = _Progress(progress, count, "fit")
    step = arrays.rows_of_block()
    try:
        for first in range(0, count, step):
            last = min(first + step, count)
            part = {key: values[first:last] for key, values in out.items()}
            told = bar.call and (lambda done, _, first=first: bar.call(first + done, count))
            _core.module.fit_curves(model._compiled(), arrays.block(first, last), settings, part, told or None)
        bar.close(count)
    finally:
        bar.close(bar.bar.n if bar.bar is not None else 0)
    return CurveResult(model.parameters, name, scatter, out)


def _is_iterable(y):
    return isinstance(y, Iterator) or (isinstance(y, Iterable) and not hasattr(y, "__array__")
                                       and not isinstance(y, (list, tuple)))


#: Arguments of which each fit may have its own.
_BY_FIT = ("weight", "inverse_variance", "sigma", "mask")


def _cut(name, value, first, last, count):
    """Rows of an argument that has one for each fit."""
    def some(array):
        return array[first:last] if np.ndim(array) >= 1 and len(array) == count else array

    if value is None or isinstance(value, str):
        return value
    if name in _BY_FIT or name == "start" and not isinstance(value, Mapping):
        return value[first:last] if np.ndim(value) >= 2 and len(value) == count else value
    if name == "x":
        cut = [each[first:last] if np.ndim(each) >= 2 and len(each) == count else each
               for each in (value if isinstance(value, (tuple, list)) else [value])]
        return tuple(cut) if isinstance(value, (tuple, list)) else cut[0]
    if isinstance(value, Mapping):
        return {key: tuple(map(some, each)) if isinstance(each, (tuple, list)) else some(each)
                for key, each in value.items()}
    if name == "bounds":
        return tuple(each[first:last] if np.ndim(each) == 2 and len(each) == count else each for each in value)
    return value


def curve_fits(model: Model | str, y: ArrayLike | Iterable, *args: Any, chunk: int | None = None,
               parameters: Iterable[str] | None = None, variables: Iterable[str] = ("x",),
               **options: Any) -> Iterator[CurveResult]:
    """Fit more curves than memory holds: a result after the other.

    >>> for part in rvfit.curve_fits(model, np.load("y.npy", mmap_mode="r"), sigma=0.1):           # doctest: +SKIP
    ...     part.theta.tofile(file)

    Parameters
    ----------
    model, options : as for `curve_fit`
    y : an array, memory-mapped for example, of which `chunk` fits are read at a time; or an iterable whose items are
        arrays (n, M), or dicts of arguments of `curve_fit` as {"y": .., "sigma": .., "start": ..}
    chunk : fits of a result, by default those of 4 million points

    Yields
    ------
    CurveResult : of `chunk` fits, or of an item of y
    """
    if len(args) > 2:
        raise TypeError(f"{len(args) + 2} positional arguments, at most 4 wanted")
    for name, value in zip(("weight", "start"), args):
        if name in options:
            raise TypeError(f"more than one {name}")
        options[name] = value
    model = _model(model, parameters, variables)
    if chunk is not None and (int(chunk) != chunk or chunk < 1):
        raise ValueError(f"chunk is {chunk}, a positive count wanted")
    return _parts(model, y, chunk, options)


def _parts(model, y, chunk, options):
    if _is_iterable(y):
        for item in y:
            yield curve_fit(model, **({**options, **item} if isinstance(item, Mapping) else {**options, "y": item}))
        return
    y = y if hasattr(y, "shape") else np.asarray(y)
    if y.ndim < 2:
        y = y[np.newaxis]
    count = len(y)
    step = int(chunk) if chunk is not None else max((1 << 22) // max(int(np.prod(y.shape[1:])), 1), 1)
    for first in range(0, count, step):
        last = min(first + step, count)
        yield curve_fit(model, y[first:last],
                        **{name: _cut(name, value, first, last, count) for name, value in options.items()})
