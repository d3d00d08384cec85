# SPDX-License-Identifier: MIT
"""rvfit: fits of stellar spectra in batches, on Kokkos.

>>> import rvfit
>>> library = rvfit.demo_library()
>>> spectra, truth = rvfit.simulate(library, stars=16)
>>> result = rvfit.fit(library, spectra)
>>> len(result["VRAD"])
16

`read_library` reads a template library; `Spectra` and `Arm` hold spectra in arrays; `fit` fits them; `Likelihood` is
-2 ln L for samplers; `curve_fit` fits curves of `models`; `info` says what the package runs on. RVFIT_ISA=v2, v3 or v4 chooses the instruction set.
"""

from . import _core, models
from ._curve_result import CurveResult
from ._curves import curve_fit, curve_fits
from ._fit import Likelihood, fit
from ._library import Library, LibraryArm, Parameter, demo_library, read_library
from ._read import read_apogee, read_desi, read_lamost, read_sdss, read_table, read_weave
from ._result import Result
from ._simulate import simulate
from ._spectra import Arm, Spectra

__version__ = _core.module.info()["version"]


def info() -> dict[str, str | int]:
    """What the package runs on.

    Returns
    -------
    dict : isa (v2, v3, v4: the x86-64 level of the compiled module; native: that of the machine it was built on),
        register_bytes, kokkos, execution_space, threads (0 before the first fit), cfitsio, version
    """
    return {"isa": _core.isa, **_core.module.info()}


def set_threads(threads: int) -> None:
    """Threads of all fits, before the first: at most as many as cores. Without it $OMP_NUM_THREADS, or all cores.

    Raises
    ------
    RuntimeError : fits run with another number already
    """
    _core.module.set_threads(int(threads))


__all__ = ["Arm", "CurveResult", "Library", "LibraryArm", "Likelihood", "Parameter", "Result", "Spectra", "curve_fit",
           "curve_fits", "demo_library", "fit", "info", "read_apogee", "read_desi", "read_lamost", "read_library", "read_sdss",
           "read_table", "read_weave", "set_threads", "simulate"]
