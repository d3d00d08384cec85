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


def matrices_of(specdata, resol_params):
    """The resolution matrix of each data set, None where there is none: its own, or that of its setup."""
    specdata = as_list(specdata)
    if resol_params is None:
        return [data.resolution for data in specdata]
    missing = [data.name for data in specdata if data.name not in resol_params]
    if missing:
        raise KeyError(missing[0])
    both = [data.name for data in specdata if data.resolution is not None]
    if both:
        raise ValueError(f"{both[0]}: SpecData has a resolution matrix, and its setup has one, too: one of them wanted")
    return [resol_params[data.name] for data in specdata]


def error_of(data, systematic):
    """(N) errors with espec_systematic, a number or (N), or a dict of these by setup, added in quadrature."""
    if systematic is None:
        return data.espec
    added = systematic[data.name] if isinstance(systematic, dict) else systematic
    return np.hypot(data.espec, np.asarray(added, float))


def spectra_of(specdata, library, resol_params=None, systematic=None):
    """(spectra, names): several data sets of one setup are told apart by their labels. Wavelengths count as measured in
    the library's medium, as rvspecfit knows none."""
    arms = {}
    media = {arm.name: arm.medium for arm in library.arms if arm.medium in ("vacuum", "air")}
    specdata = as_list(specdata)
    matrices = matrices_of(specdata, resol_params)
    has_matrices = any(matrix is not None for matrix in matrices)
    for data, matrix in zip(specdata, matrices):
        count = sum(arm.arm == data.name for arm in arms.values())
        key = data.name if count == 0 else f"{data.name}_{count + 1}"
        # One that has none goes with others that do as the unit matrix.
        unit = np.ones((1, 1, len(data.lam)), np.float32) if has_matrices else None
        arms[key] = Arm(data.lam, data.spec, err=error_of(data, systematic), mask=data.badmask, arm=data.name,
                        label=key.upper(), medium=media.get(data.name),
                        resolution=unit if matrix is None else _diagonals(matrix, data.name))
    return Spectra(arms), list(arms)


def options_of(options, config, *, rotates=True, has_matrices=False):
    """The options of a fit: the settings of rvspecfit that rvfit has, too. Matrices broaden templates as they are."""
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
    if not options.get("rbf_continuum", True):
        out["continuum"] = "chebyshev"
    if has_matrices:
        out.update(resolution_matrix=True, lsf_sigma=0.0)
    if rotates:
        out["max_vsini"] = float(config["max_vsini"])
    else:
        out["rotation"] = "off"
    return out


def _key(systematic):
    """espec_systematic, for a comparison."""
    if isinstance(systematic, dict):
        return tuple((name, _key(value)) for name, value in systematic.items())
    return None if systematic is None else np.asarray(systematic, float).tobytes()


def likelihood_of(specdata, options, config, rotates, resol_params=None, systematic=None):
    """-2 ln L of a data set, kept for the next call."""
    specdata = as_list(specdata)
    matrices = matrices_of(specdata, resol_params)
    words = options_of(options, config, rotates=rotates, has_matrices=any(m is not None for m in matrices))
    library = library_of(config)
    key = (id(library), tuple(data.objid for data in specdata), tuple(map(id, matrices)), _key(systematic),
           repr(sorted(words.items(), key=str)))
    if key not in _kept:
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        like = Likelihood(library, spectra_of(specdata, library, resol_params, systematic)[0], **words)
        # The key names the library and the matrices by their place in memory: they have to stay there.
        _kept[key] = (like, library, matrices)
    return _kept[key][0]


def output_of(found, spectra, names, specdata, matrices, library, values):
    """The entries about data sets, of a fit of one star."""
    models, raw, chisq, npix = [], [], [], []
    for name, data, matrix in zip(names, specdata, matrices):
        label = spectra.arms[name].label
        down = data.lam[0] > data.lam[-1]
        model = found.models[label][0].astype(float)
        models.append(model[::-1] if down else model)
        template = library.spectrum({p.name: values[p.name] for p in library.labels}, rv=values["rv"],
                                    vsini=values.get("vsini", 0.0), arm=data.name, wave=np.sort(data.lam),
                                    **({} if "vsini" in values else {"rotation": "off"}))
        template = template[::-1] if down else template
        raw.append(template if matrix is None else matrix.mat @ template)
        good = ~data.badmask & (data.espec > 0) & np.isfinite(data.spec)
        chisq.append(float(np.sum((models[-1] - data.spec)[good] ** 2 / data.espec[good] ** 2)))
        npix.append(int(good.sum()))
    return {
        "chisq_array": chisq,
        "red_chisq_array": [c / max(n, 1) for c, n in zip(chisq, npix)],
        "npix_array": npix,
        "models": models,
        "raw_models": raw,
    }


def continuum_of(wave, npoly, rbf=True):
    """(npoly, N) columns of the continuum: Chebyshev polynomials of the wavelength scaled to -1 .. 1, or its powers 0, 1
    and 2 and Gaussians."""
    x = (wave - wave[0]) / (wave[-1] - wave[0]) * 2 - 1
    if not rbf:
        return np.polynomial.chebyshev.chebvander(x, npoly - 1).T
    powers = x ** np.arange(min(npoly, 3))[:, np.newaxis]
    if npoly <= 3:
        return powers
    centres = np.linspace(-1, 1, npoly - 3)[:, np.newaxis]
    return np.vstack([powers, np.exp(-0.5 * ((x - centres) * (npoly - 3)) ** 2)])


def theta_of(like, labels, vsini, vel=0.0):
    """(P) a point."""
    values = {**labels, "vsini": 0.0 if vsini is None else float(vsini), "rv": float(vel)}
    return np.array([values[parameter.name] for parameter in like.parameters])
