# SPDX-License-Identifier: MIT
"""Spectra in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _core
from ._packages import Rows, on_host, where_it_is

_PADDED_STEP = 1.0 + 1e-9


def _looked_at(array, kinds, what):
    """The array itself if its numbers can be read where they lie, else a copy in a type that can."""
    if isinstance(array, Rows):
        return array
    array = np.asanyarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{what} has numbers of type {array.dtype}, floating point wanted")
    if array.dtype.newbyteorder("=") not in kinds or not array.dtype.isnative:
        array = array.astype(kinds[-1])
    if any(stride % array.itemsize for stride in array.strides) or not array.flags.aligned:
        array = np.array(array)
    return np.asarray(array)


def _floats(array, what):
    return _looked_at(array, (np.dtype(np.float32), np.dtype(np.float64)), what)


def _mask(array, what):
    if isinstance(array, Rows):
        return array
    array = np.asarray(array)
    if array.dtype == bool:
        return array.view(np.uint8)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{what} has numbers of type {array.dtype}, bool or integers wanted")
    if array.dtype in (np.dtype(np.int32), np.dtype(np.uint8)):
        return _looked_at(array, (np.dtype(np.uint8), np.dtype(np.int32)), what)
    return (array != 0).view(np.uint8)


def _rows(array):
    """(N) is one row."""
    return array[np.newaxis] if array.ndim == 1 else array


def _data(array):
    return array.data if isinstance(array, np.ma.MaskedArray) else array


def _is_ragged(value):
    return isinstance(value, (list, tuple)) and len(value) > 0 and np.ndim(value[0]) == 1 and (
        len({len(each) for each in value}) > 1
    )


def _value_in(quantity, unit, what):
    """Numbers of an astropy Quantity in a unit; of anything else as they are."""
    if unit is None or not hasattr(quantity, "unit") or not hasattr(quantity, "to_value"):
        return quantity
    try:
        return quantity.to_value(unit)
    except Exception as error:
        raise ValueError(f"{what}: {error}") from None


class Arm:
    """Spectra of one arm of a spectrograph, B of them with N pixels.

    Arrays of float32 or float64 in the byte order of the machine are used where they lie, whatever their strides, also
    those of other packages on the host (DLPack: torch, JAX); others are copied. Fluxes, weights, masks and matrices in
    the memory of the GPU that rvfit was built for are read there, a batch at a time. Wavelengths that decrease are
    reversed, with all that belongs to them.

    Parameters
    ----------
    wave : (N) for all spectra, or (B, N)  [Angstrom]
        A Quantity of any length is converted. A list of vectors of different length goes with lists in all others.
    flux : (B, N) or (N)  [any unit]
        A masked array's mask counts; pixels that are not finite are bad.
    ivar : (B, N)  inverse variance [1 / unit^2], 0 where a pixel is bad
    err : (B, N)  standard deviation instead [unit], bad where it is not positive
    mask : (B, N)  bool or integers, bad where not 0
    line_spread : number, (N) or (B, N)  sigma of the spectra's lines [Angstrom]
    resolution : (B, D, N) or (D, N)  resolution matrices by diagonals, as DESI's files have them
    medium : "vacuum", "air" or None
        Of the wavelengths, where it is known.
    arm : str
        Of the library; the name under which `Spectra` has it if not given. Several may show one arm.
    label : str
        In names of columns, CHISQ_LABEL; the name in capitals if not given.
    """

    def __init__(self, wave: ArrayLike, flux: ArrayLike, ivar: ArrayLike | None = None, *,
                 err: ArrayLike | None = None, mask: ArrayLike | None = None, line_spread: ArrayLike | None = None,
                 resolution: ArrayLike | None = None, medium: str | None = None, arm: str | None = None,
                 label: str | None = None):
        if (ivar is None) == (err is None):
            raise TypeError("an arm has ivar (inverse variance) or err (standard deviation), one of them")
        if medium not in (None, "vacuum", "air"):
            raise ValueError(f"medium is {medium!r}, 'vacuum', 'air' or None wanted")
        self.lengths = None
        what = "ivar" if err is None else "err"
        wave, line_spread = on_host(wave, "wave"), on_host(line_spread, "line_spread")
        floats = ("float32", "float64")
        flux = where_it_is(flux, floats, "flux")
        weight = where_it_is(ivar if err is None else err, floats, what)
        mask = where_it_is(mask, ("bool", "uint8", "int32"), "mask")
        resolution = where_it_is(resolution, floats, "resolution")
        if isinstance(resolution, Rows) and resolution.ndim == 2 and not resolution.is_dense:
            resolution = np.asarray(resolution)
        if _is_ragged(flux):
            wave, flux, weight, mask, line_spread = self._padded(wave, flux, weight, what, mask, line_spread)
        flux_unit = getattr(flux, "unit", None)
        wave = _value_in(wave, "Angstrom", "wave")
        if flux_unit is not None and hasattr(weight, "unit"):
            weight = _value_in(weight, flux_unit if err is not None else flux_unit**-2, what)
        flux = getattr(flux, "value", flux) if hasattr(flux, "to_value") else flux
        hidden = [np.ma.getmaskarray(a) for a in (flux, weight) if isinstance(a, np.ma.MaskedArray)]
        self.flux = _rows(_floats(_data(flux), "flux"))
        self.weight = _rows(_floats(_data(weight), what))
        self.is_error = err is not None
        self.wave = _rows(_floats(_data(wave), "wave"))
        self.mask = None if mask is None else _rows(_mask(mask, "mask"))
        for each in hidden:
            each = _rows(each)
            self.mask = each.view(np.uint8) if self.mask is None else ((np.asarray(self.mask) != 0) | each).view(np.uint8)
        self.line_spread = None
        if line_spread is not None:
            spread = _floats(_value_in(line_spread, "Angstrom", "line_spread"), "line_spread")
            self.line_spread = _rows(np.broadcast_to(spread, self.wave.shape[-1:]) if spread.ndim == 0 else spread)
        self.resolution = None
        if resolution is not None:
            matrices = _floats(resolution, "resolution")
            matrices = matrices[np.newaxis] if matrices.ndim == 2 else matrices
            if matrices.ndim != 3:
                raise ValueError(f"resolution has shape {matrices.shape}, (B, D, N) wanted")
            is_block = isinstance(matrices, Rows) or matrices[0].flags.c_contiguous
            self.resolution = matrices if is_block else np.ascontiguousarray(matrices)
        self.medium = medium
        self.arm = arm
        self.label = label
        self._require_matrices(what)
        self._make_increasing()

    def _require_matrices(self, what):
        for name, array in (("wave", self.wave), ("flux", self.flux), (what, self.weight), ("mask", self.mask),
                            ("line_spread", self.line_spread)):
            if array is not None and array.ndim != 2:
                raise ValueError(f"{name} has shape {array.shape}, flux has {self.flux.shape}: (B, N) wanted")
        if self.wave.shape[1] != self.flux.shape[1] or self.wave.shape[0] not in (1, self.flux.shape[0]):
            raise ValueError(f"wave has shape {self.wave.shape}, flux has {self.flux.shape}: (N) or (B, N) wanted")
        if self.wave.size == 0:
            raise ValueError(f"wave has shape {self.wave.shape}, flux has {self.flux.shape}: there are no pixels")

    @staticmethod
    def _padded(wave, flux, weight, what, mask, line_spread):
        """Rows of different length in matrices of the longest; what is added has no weight."""
        lengths = [len(row) for row in flux]
        shared = np.ndim(wave[0]) == 0
        if shared:
            raise ValueError("spectra of different lengths want a wave for each")
        for name, rows in (("wave", wave), (what, weight), ("mask", mask), ("line_spread", line_spread)):
            if rows is not None and [len(row) for row in rows] != lengths:
                raise ValueError(f"{name} has rows of {[len(row) for row in rows]} pixels, flux has {lengths}")
        longest = max(lengths)

        def matrix(rows, dtype, filler):
            out = np.full((len(lengths), longest), filler, dtype)
            for row, values in zip(out, rows):
                row[: len(values)] = values
            return out

        waves = matrix(wave, np.float64, 0.0)
        added = np.arange(longest) >= np.array(lengths)[:, np.newaxis]
        for row, length in zip(waves, lengths):
            if length:
                row[length:] = row[length - 1] * _PADDED_STEP ** np.arange(1, longest - length + 1)
        bad = added if mask is None else matrix([np.asarray(row) != 0 for row in mask], bool, True)
        spread = None if line_spread is None else matrix(line_spread, np.float32, np.nan)
        return (waves, matrix(flux, np.float64, 0.0), matrix(weight, np.float64, 0.0), bad, spread)

    def _make_increasing(self):
        down = self.wave[:, 0] > self.wave[:, -1]
        if not down.any():
            return
        if not down.all():
            raise ValueError("wave increases in some rows and decreases in others")
        for name in ("wave", "flux", "weight", "mask", "line_spread"):
            array = getattr(self, name)
            array = np.asarray(array) if isinstance(array, Rows) else array
            setattr(self, name, None if array is None else array[:, ::-1])
        if self.resolution is not None:
            raise ValueError("wave decreases: resolution matrices want wavelengths that increase")

    def __len__(self) -> int:
        return len(self.flux)

    def _take(self, rows):
        out = object.__new__(Arm)
        out.__dict__.update(self.__dict__)
        for name in ("flux", "weight", "mask", "resolution"):
            array = getattr(self, name)
            setattr(out, name, None if array is None else array[rows])
        for name in ("wave", "line_spread"):
            array = getattr(self, name)
            setattr(out, name, array[rows] if array is not None and len(array) > 1 else array)
        return out


class Spectra:
    """Spectra of B stars in one or several arms, named as the arms of the library.

    >>> spectra = rvfit.Spectra({"desi_b": rvfit.Arm(wave, flux, ivar)})          # doctest: +SKIP
    >>> spectra = rvfit.Spectra(desi_b=dict(wave=wave, flux=flux, err=sigma))     # doctest: +SKIP

    Parameters
    ----------
    arms : dict of name to Arm, or of name to a dict of an Arm's arguments; or as keywords
    star : (B) identifiers
        Spectra of one identifier are exposures of a star, fitted together with one rv (or with
        ``rv_per_exposure=True`` one each); each exposure has its own continuum. Results are in the order in which
        identifiers come first.
    masked : list of (lower, upper)  ranges without weight  [Angstrom]
    error_floor : no error counts as less than this fraction of the spectrum's median error
    columns : dict of (B) arrays, which the result's table repeats
    """

    def __init__(self, arms: dict[str, Arm | dict] | None = None, *, star: ArrayLike | None = None,
                 masked: list[tuple[float, float]] | tuple = (), error_floor: float = 0.0,
                 columns: dict[str, ArrayLike] | None = None, **named: Arm | dict):
        arms = {**(arms or {}), **named}
        if not arms:
            raise ValueError("there are no arms: Spectra({'desi_b': Arm(wave, flux, ivar)})")
        self.arms = {name: arm if isinstance(arm, Arm) else Arm(**arm) for name, arm in arms.items()}
        sizes = {name: len(arm) for name, arm in self.arms.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError("arms have different numbers of spectra: " +
                             ", ".join(f"{name} {size}" for name, size in sizes.items()))
        self.star = None if star is None else np.asarray(on_host(star, "star"))
        if self.star is not None and self.star.shape != (len(self),):
            raise ValueError(f"star has shape {self.star.shape}, ({len(self)},) wanted")
        self.masked = [tuple(map(float, each)) for each in masked]
        self.error_floor = float(error_floor)
        self.columns = {name: np.asanyarray(on_host(values, name)) for name, values in (columns or {}).items()}
        for name, values in self.columns.items():
            if len(values) != len(self):
                raise ValueError(f"column {name} has {len(values)} rows, there are {len(self)} spectra")

    def __len__(self) -> int:
        return len(next(iter(self.arms.values())))

    def __getitem__(self, rows: Any) -> Spectra:
        """Some of the spectra: an index, a slice, a mask or an array of numbers. Slices share memory."""
        rows = on_host(rows, "an index")
        if np.ndim(rows) == 0 and not isinstance(rows, slice):
            rows = slice(rows, rows + 1 or None)
        out = object.__new__(Spectra)
        out.__dict__.update(self.__dict__)
        out.arms = {name: arm._take(rows) for name, arm in self.arms.items()}
        out.star = None if self.star is None else self.star[rows]
        out.columns = {name: values[rows] for name, values in self.columns.items()}
        return out

    def __repr__(self):
        arms = ", ".join(f"{name} {arm.flux.shape[1]} pixels" for name, arm in self.arms.items())
        return f"<rvfit.Spectra: {len(self)} spectra; {arms}>"

    def targets(self) -> list[list[int]] | None:
        """Rows that are fitted together, for each row of the results."""
        if self.star is None:
            return None
        rows = {}
        for row, star in enumerate(self.star.tolist()):
            rows.setdefault(star, []).append(row)
        return list(rows.values())

    def _compiled_arms(self):
        def given(array):
            """Array, and whether it is in the memory that fits run in."""
            return (array.tensor, True) if isinstance(array, Rows) else (array, False)

        return [_core.module.ArmArrays(arm.arm or name, arm.label or name.upper(), arm.medium or "", arm.wave,
                                       *given(arm.flux), *given(arm.weight), arm.is_error, *given(arm.mask),
                                       arm.line_spread, *given(arm.resolution))
                for name, arm in self.arms.items()]

    def _compiled(self):
        return _core.module.SpectraArrays(self._compiled_arms(), self.masked, self.error_floor, self.targets())


def as_spectra(spectra):
    return spectra if isinstance(spectra, Spectra) else Spectra(spectra)
