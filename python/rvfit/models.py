# SPDX-License-Identifier: MIT
"""Models of curves for `rvfit.curve_fit`. They are added by `+`.

>>> from rvfit import models
>>> line = models.gaussian() + models.polynomial(1)
>>> line.parameters
('amplitude', 'center', 'sigma', 'c0', 'c1')

All sums of up to 10 parameters are compiled in. Others, and other functions, are given as text, `models.expression`
and `models.struct`, which wants a C++ compiler.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core, _curve_arrays

#: CurveKind in curve_sum.hpp.
_POLYNOMIAL, _GAUSSIAN, _LORENTZ, _VOIGT, _DECAY, _POWER_LAW, _LOGISTIC, _GAUSSIAN_2D, _ROTATED_GAUSSIAN_2D = range(9)


class _Term(NamedTuple):
    kind: int
    names: tuple[str, ...]
    positive: tuple[str, ...] = ()


@functools.cache
def _compiled_sum(terms):
    return _core.module.Curve([(term.kind, len(term.names)) for term in terms])


class Model:
    """A function of x (or of x and y) and some parameters.

    Attributes
    ----------
    parameters : names, in the order of theta
    dimensions : 1, or 2 for functions of x and y
    lower : (P) least values: widths are positive
    """

    parameters: tuple[str, ...]
    dimensions: int
    lower: NDArray[np.float64]

    def _compiled(self):
        raise NotImplementedError

    @property
    def has_guess(self) -> bool:
        """Whether `curve_fit` finds a start by itself."""
        return self._compiled().has_guess

    def __call__(self, x: ArrayLike, theta: ArrayLike) -> NDArray[np.float64]:
        """Values.

        Parameters
        ----------
        x : (M), or (N, M) of each row; a pair (x, y) of such for a model of two dimensions
        theta : (P), or (N, P)

        Returns
        -------
        (M), or (N, M)
        """
        theta = np.asarray(theta, float)
        rows = np.atleast_2d(theta)
        if rows.ndim != 2 or rows.shape[1] != len(self.parameters):
            raise ValueError(f"theta has shape {theta.shape}, ({len(self.parameters)}) or (N, {len(self.parameters)}) "
                             f"wanted: {', '.join(self.parameters)}")
        places = [np.atleast_2d(np.asarray(each, float)) for each in (x if self.dimensions == 2 else [x])]
        if len(places) != self.dimensions or any(place.ndim != 2 for place in places):
            raise ValueError(f"x has shape {np.shape(x)}, (M) or (N, M) wanted"
                             + (", of each of two coordinates" if self.dimensions == 2 else ""))
        count, points = max([len(rows), *map(len, places)]), places[0].shape[1]
        if any(len(each) not in (1, count) for each in (rows, *places)) or any(p.shape[1] != points for p in places):
            raise ValueError(f"theta has shape {rows.shape}, x {' and '.join(str(p.shape) for p in places)}: "
                             "as many rows, or one, and as many points wanted")
        out = np.empty((count, points))
        arrays = {"theta": np.broadcast_to(rows, (count, rows.shape[1])),
                  **dict(zip(("x", "second"), map(np.ascontiguousarray, places)))}
        _core.module.evaluate_curve(self._compiled(), arrays, out)
        return out[0] if theta.ndim == 1 and all(np.ndim(p) == 1 for p in (x if self.dimensions == 2 else [x])) else out


class Sum(Model):
    """A sum of terms that are compiled in; see the functions of this module."""

    def __init__(self, terms: Sequence[_Term]):
        levels = [term for term in terms if term.kind == _POLYNOMIAL]
        others = [term for term in terms if term.kind != _POLYNOMIAL]
        if levels:
            # Two constants could not be told apart: the polynomial of the highest degree stands for all.
            others.append(max(levels, key=lambda term: len(term.names)))
        self._terms = tuple(others)
        flat = {term.kind in (_GAUSSIAN_2D, _ROTATED_GAUSSIAN_2D) for term in others if term.kind != _POLYNOMIAL}
        if len(flat) > 1:
            raise ValueError("a sum of models of one dimension and of two")
        self.dimensions = 2 if flat == {True} else 1
        if self.dimensions == 2 and levels and len(others[-1].names) > 1:
            raise ValueError(f"a model of two dimensions takes polynomial(0), not polynomial({len(others[-1].names) - 1})")
        names = [name for term in others for name in term.names]
        repeated = {name for name in names if names.count(name) > 1}
        self.parameters = tuple(f"{name}_{number}" if name in repeated else name
                                for number, term in enumerate(others, 1) for name in term.names)
        self.lower = np.array([0.0 if name in term.positive else -np.inf for term in others for name in term.names])
        most = _core.module.most_curve_parameters
        if len(names) > most:
            raise ValueError(f"a sum of {len(names)} parameters, at most {most} are compiled in: "
                             "write it as rvfit.models.expression")

    def _compiled(self):
        return _compiled_sum(self._terms)

    def __add__(self, other: Sum) -> Sum:
        if not isinstance(other, Sum):
            return NotImplemented
        return Sum(self._terms + other._terms)

    def __eq__(self, other):
        return isinstance(other, Sum) and self._terms == other._terms

    def __hash__(self):
        return hash(self._terms)

    def __repr__(self):
        return f"<rvfit model of {', '.join(self.parameters)}>"


def gaussian() -> Sum:
    """amplitude exp(-u^2 / 2), u = (x - center) / sigma."""
    return Sum([_Term(_GAUSSIAN, ("amplitude", "center", "sigma"), ("sigma",))])


def lorentz() -> Sum:
    """amplitude / (1 + u^2), u = (x - center) / gamma; gamma is half of the full width at half maximum."""
    return Sum([_Term(_LORENTZ, ("amplitude", "center", "gamma"), ("gamma",))])


def voigt() -> Sum:
    """area V(x - center; sigma, gamma), as scipy.special.voigt_profile: of unit area, the convolution of a Gaussian of
    standard deviation sigma and a Lorentzian of half width gamma."""
    return Sum([_Term(_VOIGT, ("area", "center", "sigma", "gamma"), ("sigma", "gamma"))])


def exponential(offset: bool = True) -> Sum:
    """amplitude exp(-x / tau) + offset; without the last where `offset` is False. In a sum with a polynomial the offset
    is that one's constant."""
    decay = _Term(_DECAY, ("amplitude", "tau"))
    return Sum([decay, _Term(_POLYNOMIAL, ("offset",))] if offset else [decay])


def polynomial(degree: int) -> Sum:
    """c0 + c1 x + .. to a degree of 9 at most. Polynomials of a sum become one, of the highest degree."""
    if not 0 <= degree < _core.module.most_curve_parameters:
        raise ValueError(f"a polynomial of degree {degree}, 0 to {_core.module.most_curve_parameters - 1} wanted")
    return Sum([_Term(_POLYNOMIAL, tuple(f"c{p}" for p in range(int(degree) + 1)))])


def power_law() -> Sum:
    """amplitude x^index, for x > 0."""
    return Sum([_Term(_POWER_LAW, ("amplitude", "index"))])


def logistic() -> Sum:
    """amplitude / (1 + exp(-(x - center) / width)); it falls where width is negative."""
    return Sum([_Term(_LOGISTIC, ("amplitude", "center", "width"))])


def gaussian_2d(rotated: bool = False) -> Sum:
    """amplitude exp(-(u^2 + v^2) / 2), u = (x - x0) / sigma, v = (y - y0) / sigma.

    Rotated: sigma_x is along an axis that is turned by `angle` [rad] from x to y, sigma_y across."""
    if rotated:
        return Sum([_Term(_ROTATED_GAUSSIAN_2D, ("amplitude", "x0", "y0", "sigma_x", "sigma_y", "angle"),
                          ("sigma_x", "sigma_y"))])
    return Sum([_Term(_GAUSSIAN_2D, ("amplitude", "x0", "y0", "sigma"), ("sigma",))])


class Compiled(Model):
    """A model that was given as text; see `expression` and `struct`."""

    def __init__(self, text: str, parameters: Sequence[str], variables: Sequence[str], is_struct: bool):
        from . import _compile

        self.parameters = _curve_arrays.checked_names(parameters)
        self.variables = _curve_arrays.checked_names(variables)
        if len(self.variables) not in (1, 2):
            raise ValueError(f"{len(self.variables)} variables, one or two wanted")
        both = set(self.parameters) & set(self.variables)
        if both:
            raise ValueError(f"{', '.join(sorted(both))}: the name of a parameter and of a variable")
        self.text = str(text)
        self.dimensions = len(self.variables)
        self.lower = np.full(len(self.parameters), -np.inf)
        self._is_struct = bool(is_struct)
        self._made = _compile.model(self.text, self.parameters, self.variables, self._is_struct)

    def _compiled(self):
        return self._made

    def __reduce__(self):
        return Compiled, (self.text, self.parameters, self.variables, self._is_struct)

    def __repr__(self):
        return f"<rvfit model of {', '.join(self.parameters)}: {self.text if not self._is_struct else 'struct'}>"


def expression(text: str, parameters: Sequence[str], variables: Sequence[str] = ("x",)) -> Compiled:
    """A function as an expression of C++.

    >>> line = expression("a * exp(-0.5 * sq((x - mu) / sigma)) + c", ["a", "mu", "sigma", "c"])   # doctest: +SKIP

    It is compiled once, with $CXX or g++, and kept in $XDG_CACHE_HOME/rvfit (~/.cache/rvfit). There are exp, log, pow,
    sqrt, sin and the other elementary functions, `sq(x)` for x * x, `pi`, and `select(x < mu, a, b)` instead of ?:.
    Derivatives are exact.

    Parameters
    ----------
    text : with the names of parameters and variables
    parameters : in the order of theta
    variables : ("x",) or ("x", "y")

    Raises
    ------
    ValueError : the text does not compile; the message is the compiler's first error
    RuntimeError : there is no compiler, or the package lacks headers
    """
    return Compiled(text, parameters, variables, False)


def struct(text: str, parameters: Sequence[str], variables: Sequence[str] = ("x",)) -> Compiled:
    """A function as a struct `Model` of C++, for what one expression cannot say: a call operator of theta and x, and if
    wanted a `linearize` with derivatives by hand (docs/python_curves.md).

    >>> decay = struct('''
    ... struct Model {
    ...   static constexpr int parameters = 2;
    ...   template <class T, class X>
    ...   KOKKOS_FUNCTION T operator()(const T* theta, const X& x) const {
    ...     return theta[0] * exp(-x / theta[1]);
    ...   }
    ... };''', ["a", "tau"])                                                                      # doctest: +SKIP
    """
    return Compiled(text, parameters, variables, True)
