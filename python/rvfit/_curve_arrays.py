# SPDX-License-Identifier: MIT
"""Arguments of fits of curves, as the compiled module takes them: arrays of N rows or one, checked."""

from __future__ import annotations

import keyword
import re

import numpy as np

from ._packages import on_host

#: Numbers of a block whose arrays have to be converted.
BLOCK = 1 << 23


def checked_names(names):
    """Names of parameters as a tuple."""
    if isinstance(names, str):
        raise TypeError(f"parameters are {names!r}, a list of names wanted")
    names = tuple(names)
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
            raise ValueError(f"{name!r} is no name of a parameter")
    repeated = [name for name in names if names.count(name) > 1]
    if repeated or not names:
        raise ValueError(f"parameter {repeated[0]} is named twice" if repeated else "no parameters")
    return names


def numbers(name, array):
    """(array, mask) of real numbers, not converted yet."""
    if hasattr(array, "unit") and hasattr(array, "to_value"):
        raise TypeError(f"{name} has a unit, {array.unit}: give plain numbers, as .to_value(..)")
    mask = None
    array = on_host(array, name)
    if isinstance(array, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(array) if np.ma.is_masked(array) else None
        array = array.data
    array = np.asanyarray(array) if isinstance(array, np.memmap) else np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} is an array of {array.dtype}, real numbers wanted")
    return array, mask


def is_native(array):
    """Whether the compiled module reads the array where it lies."""
    return (array.dtype in (np.float32, np.float64) and array.dtype.isnative and array.flags.aligned
            and not any(stride % array.itemsize for stride in array.strides))


def as_native(array):
    return array if is_native(array) else np.array(array, dtype=np.float64)


def rows(name, array, count, columns, what):
    """(1 or count, columns) of an array of one axis or two."""
    shape = array.shape
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or array.shape[1] != columns or len(array) not in (1, count):
        raise ValueError(f"{name} has shape {shape}, ({columns}) or ({count}, {columns}) wanted: {what}")
    return array


def by_name(what, values, names):
    """(name, value) pairs of a dict of parameters."""
    for name in values:
        if name not in names:
            raise ValueError(f"{what} of {name}: the parameters are {', '.join(names)}")
    return values.items()


def column(what, name, value, count):
    """A number, or (count) numbers, as an array of one axis or none."""
    value = np.asarray(value)
    if value.dtype.kind not in "fiub":
        raise TypeError(f"{what} of {name} is {value.dtype}, numbers wanted")
    if value.shape not in ((), (count,)):
        raise ValueError(f"{what} of {name} has shape {value.shape}, a number or ({count}) wanted")
    return value.astype(float)


def table(what, values, names, count, default):
    """(1 or count, P) from (P), (count, P), or a dict of name to a number or (count)."""
    if isinstance(values, dict):
        columns = {name: column(what, name, value, count) for name, value in by_name(what, values, names)}
        size = count if any(value.ndim for value in columns.values()) else 1
        out = np.empty((size, len(names)))
        out[:] = default
        for name, value in columns.items():
            out[:, names.index(name)] = value
        return out
    values, mask = numbers(what, values)
    out = rows(what, values, count, len(names), ", ".join(names))
    if mask is not None:
        out = np.where(mask.reshape(out.shape), np.nan, out)
    return np.asarray(out, dtype=float)
