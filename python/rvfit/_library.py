# SPDX-License-Identifier: MIT
"""Template libraries."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core, _options
from ._packages import in_package_of, is_of_another, on_host


@dataclass(frozen=True)
class Parameter:
    """A parameter of a fit."""

    name: str
    unit: str
    lower: float
    upper: float
    fixed: bool = False


@dataclass(frozen=True)
class LibraryArm:
    """An arm of a library."""

    name: str
    pixels: int  #: of a template
    first: float  #: wavelength  [Angstrom]
    last: float
    grid: bool  #: templates on a grid of labels, rather than a network
    lsf_sigma: float  #: Gaussian line spread of the templates, NaN if not known  [Angstrom]
    medium: str  #: of the wavelengths


class Library:
    """A template library (docs/emulator_file.md), as `read_library` reads it. It can be pickled: by its path."""

    def __init__(self, path: str | os.PathLike):
        self._compiled = _core.module.Library(os.path.abspath(os.fspath(path)))
        described = self._compiled.describe()
        self.labels: list[Parameter] = [Parameter(*label) for label in described["labels"]]
        self.arms: list[LibraryArm] = [LibraryArm(**arm) for arm in described["arms"]]
        self.name: str = described["library"]
        self.synthetic: bool = described["synthetic"]

    @property
    def path(self) -> str:
        return self._compiled.path

    def __reduce__(self):
        return (Library, (self.path,))

    def __repr__(self):
        arms = ", ".join(f"{arm.name} {arm.first:.0f}..{arm.last:.0f}" for arm in self.arms)
        labels = ", ".join(label.name for label in self.labels)
        return f"<rvfit.Library {self.name or self.path}: {labels}; {arms}>"

    def parameters(self, **options: Any) -> list[Parameter]:
        """Parameters of a fit, in the order of theta: labels, widths of the broadening, rv.

        Options as for `fit` (max_vgauss, rotation, ..).
        """
        return [Parameter(*each) for each in _core.module.parameters(self._compiled, _options.arguments(options))]

    def spectrum(self, labels: dict[str, ArrayLike] | ArrayLike, rv: ArrayLike = 0.0, vsini: ArrayLike = 0.0, *,
                 arm: str | None = None, wave: ArrayLike | None = None, derivatives: bool = False,
                 **options: Any) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Templates on given wavelengths, without a continuum.

        Parameters
        ----------
        labels : dict of name to number or (B), or (L) or (B, L) in the order of `library.labels`
        rv, vsini : number or (B)  [km/s]
        arm : name; may be left out where the library has one
        wave : (N) increasing  [Angstrom]; 1000 pixels that the arm covers if not given
        derivatives : also return the derivatives
        options : as for `fit`; widths besides vsini by their names (vgauss=5, max_vgauss=50)

        Labels or widths that are arrays of another package (torch, CuPy, JAX) give arrays of that package, on its device.

        Returns
        -------
        flux : (N), or (B, N) where anything has B values  [template flux]
        derivatives : (P, N) or (B, P, N), if asked for, in the order of `library.parameters()`
        """
        names = [each.name for each in self.arms]
        if arm is None and len(names) > 1:
            raise TypeError(f"arm is one of {', '.join(names)}")
        arm = arm or names[0]
        known = {key: options.pop(key) for key in list(options) if key == "vgauss"}
        given = [*(labels.values() if isinstance(labels, dict) else [labels]), vsini, rv, *known.values()]
        like = next(filter(is_of_another, given), None)
        if isinstance(labels, dict):
            values = {name: on_host(value, name) for name, value in labels.items()}
        else:
            each = np.asarray(on_host(labels, "labels"), float)
            values = {label.name: each[..., n] for n, label in enumerate(self.labels)}
        values.update(vsini=on_host(vsini, "vsini"), rv=on_host(rv, "rv"))
        values.update({name: on_host(value, name) for name, value in known.items()})
        parameters = self.parameters(**options)
        missing = [p.name for p in parameters if p.name not in values]
        unknown = [name for name in values if name not in {p.name for p in parameters} and name != "vsini"]
        if missing or unknown:
            raise ValueError(f"labels are {', '.join(values)}, wanted {', '.join(p.name for p in parameters)}")
        theta = np.stack(np.broadcast_arrays(*(np.asarray(values[p.name], float) for p in parameters)), axis=-1)
        if wave is None:
            each = self.arms[names.index(arm)]
            margin = 1.01
            wave = np.linspace(each.first * margin, each.last / margin, 1000)
        rows = np.ascontiguousarray(np.atleast_2d(theta))
        out = _core.module.templates(self._compiled, _options.arguments(options), arm, rows,
                                     np.asarray(on_host(wave, "wave"), float).tolist(), bool(derivatives))
        out = out[0] if theta.ndim == 1 else out
        flux = in_package_of(like, out[..., 0, :])
        return (flux, in_package_of(like, out[..., 1:, :])) if derivatives else flux


def read_library(path: str | os.PathLike) -> Library:
    """Read a template library, an emulator file (docs/emulator_file.md).

    Raises
    ------
    OSError : the file is bad; the text names it, the HDU and what was expected
    """
    return Library(path)


def demo_library() -> Library:
    """The demonstration's library: DESI's arms, synthetic, not for science."""
    return Library(os.path.join(os.path.dirname(__file__), "data", "demo.fits"))
