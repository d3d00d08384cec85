# SPDX-License-Identifier: MIT
"""Loads the compiled module of the best instruction set that the processor has, or of RVFIT_ISA."""

import atexit
import importlib
import os
import pkgutil

from . import _processor


def _built():
    """Instruction sets that this package was built for."""
    names = [module.name for module in pkgutil.iter_modules(__path_of_package())]
    return {name.removeprefix("_rvfit_") for name in names if name.startswith("_rvfit_")}


def __path_of_package():
    return [os.path.dirname(__file__)]


def _choose():
    """The rule: $RVFIT_ISA if it is set; else native, if that is what was built; else the highest level that the
    processor has and the package was built for."""
    built = _built()
    wanted = os.environ.get("RVFIT_ISA")
    if wanted:
        if wanted not in built:
            raise ImportError(f"RVFIT_ISA is {wanted}, rvfit was built for {', '.join(sorted(built))}")
        if wanted != "native" and wanted not in _processor.levels():
            raise ImportError(f"RVFIT_ISA is {wanted}, this processor has {', '.join(_processor.levels())}")
        return wanted
    for level in ["native", *_processor.levels()]:
        if level in built:
            return level
    raise ImportError(
        f"rvfit was built for x86-64-{', '.join(sorted(built))}, this processor has "
        f"{', '.join(_processor.levels()) or 'none of these'}"
    )


isa = _choose()
module = importlib.import_module(f"._rvfit_{isa}", __package__)
atexit.register(module.stop)
