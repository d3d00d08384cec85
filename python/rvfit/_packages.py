# SPDX-License-Identifier: MIT
"""Arrays of other packages (torch, CuPy, JAX), by DLPack: on the host, and in the memory of a device."""

from __future__ import annotations

import sys

import numpy as np

from . import _core

_HOST_DEVICES = (1, 3, 11, 13)  #: of DLPack: plain, pinned and managed memory that the host reads


def _is_of_another(value):
    return not isinstance(value, np.ndarray) and hasattr(value, "__dlpack__")


def _is_on_host(value):
    return value.__dlpack_device__()[0] in _HOST_DEVICES


def is_where_fits_run(value):
    """Whether an array is in the memory that the compiled module fits in, and that is not the host's."""
    return _is_of_another(value) and not _is_on_host(value) and (
        int(value.__dlpack_device__()[0]) == _core.module.device_type)


def on_host(value, what):
    """Tensors of other packages as NumPy arrays; anything else as it is.

    Those on the host are arrays of the same memory. What is in the memory of a device its own package copies.
    """
    if not _is_of_another(value):
        return value
    if _is_on_host(value):
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError, ValueError) as error:
            raise ValueError(f"{what}: {error}") from None
    try:
        return np.from_dlpack(value, device="cpu")
    except Exception as error:  # of any package, or of a NumPy before 2.1, which cannot ask for it
        kind = int(value.__dlpack_device__()[0])
        raise TypeError(f"{what} is in the memory of a device (DLPack's type {kind}) and cannot be copied from there "
                        f"({error}): an array on the host wanted") from None


class Rows:
    """Rows of another package's array in the memory that fits run in, whose numbers lie side by side.

    A fit reads them where they are, a batch at a time; everything else takes a copy on the host.
    """

    def __init__(self, tensor):
        self.tensor = tensor
        self.shape, self.kind, strides = _core.module.describe_array(tensor)
        self.ndim = len(self.shape)
        dense = [size == 1 or stride == int(np.prod(self.shape[n + 1 :]))
                 for n, (size, stride) in enumerate(zip(self.shape, strides))]
        self.is_dense = all(dense)
        self.has_whole_rows = all(dense[1:] if self.ndim > 1 else dense)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        try:
            return Rows(self.tensor[rows])
        except Exception:  # of any package: kinds of indices are not the same in all
            return np.asarray(self)[rows]

    def __array__(self, dtype=None, copy=None):
        return np.array(on_host(self.tensor, "an array"), dtype=dtype)

    def __reduce__(self):
        return (np.array, (np.asarray(self),))


def rows_where_fits_run(arrays):
    """(array, {kinds that can be read}) by name as `Rows`, None where there is none; or None: not all of them can be read there."""
    out = []
    for value, kinds in arrays:
        if value is not None:
            if not is_where_fits_run(value) or not hasattr(value, "__getitem__"):
                return None
            value = Rows(value)
            if value.kind not in kinds or not value.has_whole_rows or value.ndim == 0:
                return None
        out.append(value)
    return out


def in_package_of(like, array):
    """An array as one of the package of `like`, on its device. Where `like` knows DLPack alone, one that does, too, in the
    memory that fits run in if `like` is there. Anything else gets the array as it is.

    array : of NumPy, or what the compiled module hands over in the memory that fits run in
    """
    is_numpy = isinstance(array, np.ndarray)
    if not _is_of_another(like) or (is_numpy and array.dtype.kind not in "fiub"):
        return array
    package = like.__array_namespace__() if hasattr(like, "__array_namespace__") else (
        sys.modules.get(type(like).__module__.partition(".")[0]))
    if not is_numpy and hasattr(package, "from_dlpack"):
        return package.from_dlpack(array)
    if is_numpy and hasattr(package, "asarray"):
        try:
            return package.asarray(array, device=like.device)
        except TypeError:  # a package that has one device
            return package.asarray(array)
    return _core.module.to_device(np.ascontiguousarray(array)) if is_numpy and is_where_fits_run(like) else array
