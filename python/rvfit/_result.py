# SPDX-License-Identifier: MIT
"""Results of fits of spectra."""

from __future__ import annotations

from collections.abc import KeysView
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._library import Parameter
from ._packages import has_numbers, in_package_of

if TYPE_CHECKING:
    from astropy.table import Table
    from matplotlib.figure import Figure

#: The bits of RVS_WARN in words (docs/rvtab.md).
WARNINGS = {
    1: "hardly better than the continuum alone",
    2: "rv at the edge of its range",
    4: "error of rv above 100 km/s",
    8: "a label at the edge of the library",
    16: "vsini above 100 km/s",
    32: "nothing could be fitted",
    64: "no error: curvature not positive",
    1 << 16: "not converged",
    1 << 17: "the model does not describe an arm",
}


def column_name(parameter):
    """Name of a parameter's column: rv is VRAD, alpha ALPHAFE, others are in capitals."""
    if parameter == "rv" or parameter.startswith("rv_"):
        return "VRAD" + parameter[2:]
    return "ALPHAFE" if parameter == "alpha" else parameter.upper()


class Result:
    """Results of B stars: `result["VRAD"]` is an array with a value for each.

    Columns have the names, units and meanings of RVTAB (docs/rvtab.md): VRAD, VRAD_ERR, TEFF, .., CHISQ_TOT,
    RVS_WARN, STATUS, COVAR (B, P, P) in the order of `parameters`, VRAD_SECOND and DNEG2LOGL_SECOND of the
    second-best minimum. NaN where there is no solution.

    Attributes
    ----------
    columns : dict of name to array
    units : dict of name to unit, as FITS writes it
    descriptions : dict of name to text
    parameters : list of Parameter, the fit's, in the order of theta and COVAR
    models : dict of label to (R, N), the best-fit spectra with their continuum, 0 without a solution; with
        ``write_models=True``. Rows are those of the spectra; wavelengths are in `model_waves`.
    rejected : dict of label to (R, N) bool, pixels that ``clip`` has rejected
    """

    def __init__(self, columns, parameters, models, model_waves, rejected, spectra=None):
        self.columns: dict[str, NDArray[Any]] = {name: values for name, _, _, values in columns}
        self.units: dict[str, str] = {name: unit for name, unit, _, _ in columns}
        self.descriptions: dict[str, str] = {name: text for name, _, text, _ in columns}
        self.parameters: list[Parameter] = parameters
        self.models: dict[str, NDArray[np.float32]] = models
        self.model_waves: dict[str, NDArray[np.float64]] = model_waves
        self.rejected: dict[str, NDArray[np.bool_]] = rejected
        self._spectra = spectra

    def __len__(self) -> int:
        return len(self.columns["RVS_WARN"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self.columns[name]
        except KeyError:
            raise KeyError(f"{name}; there are {', '.join(self.columns)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def keys(self) -> KeysView[str]:
        return self.columns.keys()

    def __getstate__(self):
        return {**self.__dict__, "_spectra": None}

    def __repr__(self):
        good = int(np.sum(self["RVS_WARN"] == 0))
        return f"<rvfit.Result: {len(self)} stars, {good} without a warning; {', '.join(self.columns)}>"

    @property
    def theta(self) -> NDArray[np.float64]:
        """(B, P) solutions, in the order of `parameters`."""
        return np.stack([self[column_name(p.name)] for p in self.parameters], axis=-1)

    @property
    def error(self) -> NDArray[np.float64]:
        """(B, P) errors; NaN where a parameter was fixed or ended on a bound."""
        return np.stack([self[column_name(p.name) + "_ERR"] for p in self.parameters], axis=-1)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(B, P, P)"""
        return self["COVAR"]

    @property
    def status(self) -> NDArray[np.str_]:
        """(B) why each fit ended: converged, max_iterations, no_valid_pixels, .."""
        return self["STATUS"]

    def warnings(self, star: int) -> list[str]:
        """RVS_WARN of a star in words."""
        bits = int(self["RVS_WARN"][star])
        return [words for bit, words in WARNINGS.items() if bits & bit]

    def arrays_like(self, like: Any) -> dict[str, Any]:
        """All columns of numbers, and `theta`, as arrays of the package of `like` (torch, CuPy, JAX), on its device.

        >>> result.arrays_like(flux)["VRAD"]                                              # doctest: +SKIP

        like : an array of that package. Numbers that it has not (of 64 bits, in JAX unless told otherwise) stay NumPy's.
            One of a package that rvfit does not know, in the memory that fits run in, gives objects with `__dlpack__`.
        """
        columns = {**self.columns, "theta": self.theta}
        return {name: in_package_of(like, values) for name, values in columns.items() if has_numbers(values)}

    def to_table(self) -> Table:
        """An astropy Table with units and descriptions; wants astropy."""
        try:
            from astropy.table import Column, Table
        except ImportError:
            raise ImportError("to_table wants astropy: pip install astropy") from None
        table = Table([Column(values, name, unit=self.units[name] or None, description=self.descriptions[name])
                       for name, values in self.columns.items()])
        for p, parameter in enumerate(self.parameters):
            table.meta[f"PARAM{p}"] = parameter.name
        return table

    def plot(self, star: int, *, figure: Figure | None = None) -> Figure:
        """Draw data, model and residuals of a star, arm by arm; wants matplotlib and ``write_models=True``.

        Returns
        -------
        matplotlib Figure
        """
        from ._plot import plot

        return plot(self, self._spectra, star, figure)
