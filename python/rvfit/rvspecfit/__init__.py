# SPDX-License-Identifier: MIT
"""rvspecfit's interface on rvfit's engine: `from rvfit.rvspecfit import fitter_ccf, spec_fit, utils, vel_fit`.

Functions, arguments and dictionaries have rvspecfit's names. `config['template_lib']` is an emulator file
(docs/emulator_file.md), which tools/import_rvspecfit.py makes of rvspecfit's library, or a folder that has one called
emulator.fits. docs/rvspecfit.md tells the differences.
"""

from . import fitter_ccf, spec_fit, utils, vel_fit

__all__ = ["fitter_ccf", "spec_fit", "utils", "vel_fit"]
