# SPDX-License-Identifier: MIT
"""rvspecfit's interface on rvfit's engine: `from rvfit.rvspecfit import fitter_ccf, spec_fit, utils, vel_fit`.

Functions, arguments and dictionaries have rvspecfit's names. `config['template_lib']` is an emulator file
(docs/emulator_file.md), which tools/import_rvspecfit.py makes of rvspecfit's library, or a folder that has one called
emulator.fits. docs/rvspecfit.md tells the differences.
"""

from . import fitter_ccf, spec_fit, utils, vel_fit

__all__ = ["fitter_ccf", "spec_fit", "utils", "vel_fit"]

_INSTEAD = {
    "spec_inter": "rvfit.read_library(..).spectrum(..) gives templates",
    "spliner": "rvfit.read_library(..).spectrum(.., wave=..) gives templates on any wavelengths",
    "desi": "the program rvfit_desi, or rvfit.fit(library, rvfit.read_desi(..)), fits files of DESI",
    "weave": "rvfit.fit(library, rvfit.read_weave(..)) fits files of WEAVE",
    "make_interpol": "the program rvfit_library makes libraries",
    "make_nd": "the program rvfit_library makes libraries",
    "make_ccf": "rvfit needs no files for cross-correlations",
    "read_grid": "the program rvfit_library makes libraries",
    "regularize_grid": "the program rvfit_library makes libraries",
    "nn": "tools/train_emulator.py trains networks",
}


def __getattr__(name):
    if name in _INSTEAD:
        raise ImportError(f"rvfit.rvspecfit has no {name}: {_INSTEAD[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
