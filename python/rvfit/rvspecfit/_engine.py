# SPDX-License-Identifier: MIT
"""From rvspecfit's arguments to rvfit's."""

import functools
import os

import numpy as np

from .. import Arm, Likelihood, Spectra, read_library

#: Likelihoods of the last data sets: samplers call get_chisq again and again.
_MOST_KEPT = 16
_kept = {}


@functools.lru_cache(maxsize=4)
def _read(path, size, modified):
    return read_library(path)


def library_of(config):
    """The library that config['template_lib'] names."""
    if config is None:
        raise RuntimeError("Config must be provided")
    path = os.fspath(config["template_lib"])
    if os.path.isdir(path):
        inside = os.path.join(path, "emulator.fits")
        if not os.path.exists(inside):
            raise OSError(f"{path}: a folder without emulator.fits: tools/import_rvspecfit.py {path} --setups .. "
                          "--output .. makes an emulator file of rvspecfit's library, which template_lib names then")
        path = inside
    if not os.path.exists(path):
        raise OSError(f"{path}: no such file: template_lib names an emulator file")
    state = os.stat(path)
    return _read(path, state.st_size, state.st_mtime_ns)


def as_list(specdata):
    return list(specdata) if isinstance(specdata, (list, tuple)) else [specdata]


def _diagonals(resolution, name):
    """(1, D, N) of a sparse matrix, by diagonals from the uppermost to the lowest."""
    matrix = getattr(resolution, "mat", resolution)
    if not hasattr(matrix, "todia"):
        raise TypeError(f"{name}: resolution is {type(matrix).__name__}, a sparse matrix of scipy wanted")
    matrix = matrix.todia()
    reach = int(np.max(np.abs(matrix.offsets)))
    out = np.zeros((1, 2 * reach + 1, matrix.shape[1]), np.float32)
    for offset, values in zip(matrix.offsets, matrix.data):
        out[0, reach - offset, : len(values)] = values[: matrix.shape[1]]
    return out


def spectra_of(specdata):
    """(spectra, names): several data sets of one setup are told apart by their labels."""
    arms = {}
    for data in as_list(specdata):
        count = sum(arm.arm == data.name for arm in arms.values())
        key = data.name if count == 0 else f"{data.name}_{count + 1}"
        arms[key] = Arm(data.lam, data.spec, err=data.espec, mask=data.badmask, arm=data.name, label=key.upper(),
                        resolution=None if data.resolution is None else _diagonals(data.resolution, data.name))
    return Spectra(arms), list(arms)


def options_of(options, config, *, rotates=True):
    """The options of a fit: the settings of rvspecfit that rvfit has, too."""
    if options is None:
        options = {}
    unknown = set(options) - {"npoly", "rbf_continuum"}
    if unknown:
        raise NotImplementedError(f"options {', '.join(sorted(unknown))}: npoly and rbf_continuum are supported; "
                                  "rvfit.fit has the others")
    out = {
        "npoly": options.get("npoly") or 5,
        "min_vel": float(config["min_vel"]),
        "max_vel": float(config["max_vel"]),
    }
    if rotates:
        out["max_vsini"] = float(config["max_vsini"])
    else:
        out["rotation"] = "off"
    return out


def refuse_matrices(resol_params):
    if resol_params is not None:
        raise NotImplementedError("matrices of setups (resolParams, resol_params) are not supported: "
                                  "SpecData(resolution=..) takes those of a spectrum")


def likelihood_of(specdata, options, config, rotates, systematic=None):
    """-2 ln L of a data set, kept for the next call."""
    specdata = as_list(specdata)
    words = options_of(options, config, rotates=rotates)
    if systematic is not None:
        keys = [data.name for data in specdata]
        words["sys_err"] = ({key: float(systematic[key]) for key in dict.fromkeys(keys)}
                            if isinstance(systematic, dict) else float(systematic))
    library = library_of(config)
    key = (id(library), tuple(data.objid for data in specdata), repr(sorted(words.items(), key=str)))
    if key not in _kept:
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = Likelihood(library, spectra_of(specdata)[0], **words)
    return _kept[key]


def theta_of(like, labels, vsini, vel=0.0):
    """(P) a point."""
    values = {**labels, "vsini": 0.0 if vsini is None else float(vsini), "rv": float(vel)}
    return np.array([values[parameter.name] for parameter in like.parameters])
