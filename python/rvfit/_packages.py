# SPDX-License-Identifier: MIT
"""Arrays of other packages (torch, CuPy, JAX), by DLPack: on the host, and in the memory of a device."""

from __future__ import annotations

import sys

import numpy as np

from . import _core

_HOST_DEVICES = (1, 3, 11, 13)  #: of DLPack: plain, pinned and managed memory that the host reads


def is_of_another(value):
    """Whether a value is an array of another package than NumPy."""
    return not isinstance(value, np.ndarray) and hasattr(value, "__dlpack__")


def _is_on_host(value):
    return value.__dlpack_device__()[0] in _HOST_DEVICES


def is_where_fits_run(value):
    """Whether an array is in the memory that the compiled module fits in, and that is not the host's."""
    if not is_of_another(value) or _is_on_host(value):
        return False
    kind, number = value.__dlpack_device__()
    return int(kind) == _core.module.device_type and (int(kind), int(number)) == _core.module.device()


def on_host(value, what):
    """Tensors of other packages as NumPy arrays; anything else as it is.

    Those on the host are arrays of the same memory. What is in the memory of a device its own package copies.
    """
    if not is_of_another(value):
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
    """Rows of another package's array in the memory that fits run in.

    A fit reads them where they are, a batch at a time; everything else takes a copy on the host.
    """

    def __init__(self, tensor):
        self.tensor = tensor
        self.shape, self.kind, strides = _core.module.describe_array(tensor)
        self.ndim = len(self.shape)
        dense = [size == 1 or stride == int(np.prod(self.shape[n + 1 :]))
                 for n, (size, stride) in enumerate(zip(self.shape, strides))]
        self.is_dense = all(dense)
        self.has_dense_rows = all(dense[1:])

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        if rows is not None and not isinstance(rows, slice):
            rows = np.arange(len(self))[rows]  # packages differ about masks and about numbers out of range
        try:
            return Rows(self.tensor[rows])
        except Exception:  # of any package: one that knows no such index
            return np.asarray(self)[rows]

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("an array in the memory of a device is on the host as a copy only")
        return np.array(on_host(self.tensor, "an array"), dtype=dtype)

    def __reduce__(self):
        return (np.array, (np.asarray(self),))


def where_it_is(value, kinds, what):
    """`Rows` of an array in the memory that fits run in, if its numbers are of one of `kinds` and lie side by side in
    each row; anything else on the host."""
    if is_where_fits_run(value) and hasattr(value, "__getitem__"):
        try:
            rows = Rows(value)
        except TypeError:  # its package does not give it away
            return on_host(value, what)
        # Rows of an array of three axes are blocks; one of two axes or less may become one row.
        if rows.kind in kinds and rows.ndim > 0 and (rows.has_dense_rows if rows.ndim > 1 else rows.is_dense):
            return rows
    return on_host(value, what)


def _package_of(like):
    if hasattr(like, "__array_namespace__"):
        return like.__array_namespace__()
    modules = [sys.modules.get(each.__module__.partition(".")[0]) for each in type(like).__mro__]
    return next((each for each in modules if hasattr(each, "asarray") and hasattr(each, "from_dlpack")), None)


def _made_by(package, array, like):
    """The array of a package, on the device of `like`."""
    try:
        return package.asarray(array, device=like.device)
    except TypeError:  # the package takes no device here
        if not hasattr(like.device, "__enter__"):
            return package.asarray(array)
        with like.device:  # CuPy's current one counts
            return package.asarray(array)


def has_numbers(array):
    return array.dtype.kind in "fiub"


def in_package_of(like, array):
    """An array of NumPy as one of the package of `like`, on its device.

    It stays NumPy's where `like` is of NumPy or no array, where it is no array of numbers, and where the package has no
    numbers of that size (JAX without 64 bits). If `like` is of no package known and in the memory that fits run in, the
    array comes as an object of that memory which has `__dlpack__`. Such an object instead of an array of NumPy becomes
    one of the package, too.
    """
    if not is_of_another(like):
        return array
    package = _package_of(like)
    if not isinstance(array, np.ndarray):
        return array if package is None else package.from_dlpack(array)
    if not has_numbers(array):
        return array
    native = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
    if package is None:
        return _core.module.to_device(native) if is_where_fits_run(like) else array
    try:
        found = _made_by(package, native, like)
    except TypeError:  # it has no such numbers at all
        return array
    # torch's types say their size from 2.1 on, and are never narrowed.
    return found if getattr(found.dtype, "itemsize", native.itemsize) == native.itemsize else array
