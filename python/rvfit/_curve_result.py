# SPDX-License-Identifier: MIT
"""Results of fits of curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from astropy.table import Table

#: rvfit::FitStatus by its number, and in words.
STATUSES = {
    0: ("running", "not ended"),
    1: ("converged", "at a minimum: a further step would lower F by less than the tolerance"),
    2: ("max_iterations", "not at a minimum: the number of steps was used up"),
    3: ("stalled", "no step lowers F, though more is promised, or the scale of the residuals has not settled"),
    4: ("non_finite", "the model, its derivatives or the data are not finite at the start"),
    5: ("no_valid_pixels", "there is nothing to fit"),
    6: ("converged_step", "at a minimum: the last step was shorter than its tolerance"),
    7: ("converged_gradient", "at a minimum: the gradient is below its tolerance"),
    8: ("superseded", "not ended"),
    9: ("invalid", "its bounds cross, a prior has no width, or its data cannot be"),
}
_NAMES = np.array([STATUSES[number][0] for number in range(10)])


def _with_error(value, sigma):
    """A number to two digits of its error."""
    if not (math.isfinite(value) and math.isfinite(sigma) and sigma > 0):
        return f"{value:.6g} +- {sigma:.2g}"
    digits = 2 if value == 0 else 2 + math.floor(math.log10(abs(value))) - math.floor(math.log10(sigma))
    return f"{value:.{min(max(digits, 2), 15)}g} +- {sigma:.2g}"


class CurveResult:
    """Results of N fits of P parameters: ``result["center"]`` and ``result["center_err"]`` are arrays (N).

    Attributes
    ----------
    parameters : names
    theta : (N, P)
    error : (N, P)  standard deviations; NaN where a parameter is fixed, on a bound or undetermined
    covariance : (N, P, P), or None  likewise
    chi2 : (N)  what was minimised, F: chi-square with priors, the loss, or the deviance
    freedom : (N)  points used less the parameters that they determine
    status_code : (N)  numbers of `status`
    steps : (N)  steps tried
    scale : (N)  estimated standard deviation of the weighted residuals, or None
    """

    def __init__(self, parameters, loss, scaled, arrays):
        self.parameters = tuple(parameters)
        self.loss = loss
        self.scaled = scaled
        self.theta = arrays["theta"]
        self.error = arrays["error"]
        self.covariance = arrays.get("covariance")
        self.chi2 = arrays["value"]
        self.freedom = arrays["freedom"]
        self.status_code = arrays["status"]
        self.steps = arrays["steps"]
        self.scale = arrays.get("scale")
        self._undetermined = arrays["undetermined"]
        self._on_bound = arrays["on_bound"]

    @classmethod
    def _joined(cls, parts):
        keys = {"theta": "theta", "error": "error", "covariance": "covariance", "value": "chi2", "freedom": "freedom",
                "status": "status_code", "steps": "steps", "scale": "scale", "undetermined": "_undetermined",
                "on_bound": "_on_bound"}
        arrays = {key: np.concatenate([getattr(part, name) for part in parts])
                  for key, name in keys.items() if getattr(parts[0], name) is not None}
        return cls(parts[0].parameters, parts[0].loss, parts[0].scaled, arrays)

    def __len__(self):
        return len(self.theta)

    def keys(self) -> list[str]:
        """Names that ``result[name]`` takes."""
        return [name + suffix for name in self.parameters for suffix in ("", "_err")]

    def __contains__(self, name):
        return name in self.keys()

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        for suffix, values in (("", self.theta), ("_err", self.error)):
            if name.endswith(suffix) and name[:len(name) - len(suffix)] in self.parameters:
                return values[:, self.parameters.index(name[:len(name) - len(suffix)])]
        raise KeyError(f"{name}; there are {', '.join(self.keys())}")

    def __repr__(self):
        return (f"<rvfit.CurveResult: {len(self)} fits of {', '.join(self.parameters)}, "
                f"{int(np.sum(self.converged))} converged>")

    @property
    def status(self) -> NDArray[np.str_]:
        """(N) why each fit ended: converged, max_iterations, stalled, non_finite, no_valid_pixels, invalid, .."""
        return _NAMES[self.status_code]

    @property
    def converged(self) -> NDArray[np.bool_]:
        """(N)"""
        return np.isin(self.status_code, (1, 6, 7))

    def _flags(self, bits):
        return (bits[:, np.newaxis] >> np.arange(len(self.parameters), dtype=np.uint64)) & np.uint64(1) != 0

    @property
    def undetermined(self) -> NDArray[np.bool_]:
        """(N, P) parameters that the data leave open."""
        return self._flags(self._undetermined)

    @property
    def on_bound(self) -> NDArray[np.bool_]:
        """(N, P) parameters that ended on a bound."""
        return self._flags(self._on_bound)

    @property
    def reduced_chi2(self) -> NDArray[np.float64]:
        """(N) F over the degrees of freedom, NaN without any."""
        return np.divide(self.chi2, self.freedom, out=np.full(len(self), np.nan), where=self.freedom > 0)

    @property
    def correlation(self) -> NDArray[np.float64]:
        """(N, P, P) covariances of unit diagonal."""
        if self.covariance is None:
            raise ValueError("covariances were not kept: covariance=False")
        return self.covariance / self.error[:, :, np.newaxis] / self.error[:, np.newaxis, :]

    def report(self, fit: int) -> str:
        """A fit in words: status, parameters with errors, F, correlations."""
        if not -len(self) <= fit < len(self):
            raise IndexError(f"fit {fit} of {len(self)}")
        fit = int(fit) % len(self)
        word, meaning = STATUSES[int(self.status_code[fit])]
        out = [f"fit {fit}: {word}, {meaning}", f"  {self.steps[fit]} steps tried"]
        line = f"  F = {self.chi2[fit]:.6g}, {self.freedom[fit]} degrees of freedom"
        if self.freedom[fit] > 0:
            line += f", reduced {self.chi2[fit] / self.freedom[fit]:.4g}"
        out.append(line + (f", scale of the residuals {self.scale[fit]:.4g}" if self.scale is not None else ""))
        widest = max(map(len, self.parameters))
        is_open, is_held = self.undetermined[fit], self.on_bound[fit]
        free = np.flatnonzero(self.error[fit] >= 0)
        solved = self.status_code[fit] in (1, 2, 3, 6, 7)
        for p, name in enumerate(self.parameters):
            value, sigma = self.theta[fit, p], self.error[fit, p]
            if p in free:
                text = _with_error(value, sigma)
            else:
                text = f"{value:.6g}" + (", undetermined by the data" if is_open[p] else ", on a bound" if is_held[p] else
                                         ", fixed" if solved and self.freedom[fit] > 0 else "")
            out.append(f"  {name:<{widest}}  {text}")
        if len(free) > 1 and self.covariance is not None:
            out.append("  correlation")
            for p in free:
                of = [self.covariance[fit, p, q] / (self.error[fit, p] * self.error[fit, q]) for q in free if q <= p]
                out.append(f"  {self.parameters[p]:<{widest}}" + "".join(f" {each:6.3f}" for each in of))
        return "\n".join(out)

    def to_table(self) -> Table:
        """An astropy Table of a row for each fit; wants astropy."""
        try:
            from astropy.table import Table
        except ImportError:
            raise ImportError("to_table wants astropy: pip install astropy") from None
        columns = {name: self[name] for name in self.keys()}
        columns.update(chi2=self.chi2, freedom=self.freedom, status=self.status, steps=self.steps,
                       undetermined=self.undetermined, on_bound=self.on_bound)
        if self.covariance is not None:
            columns["covariance"] = self.covariance
        if self.scale is not None:
            columns["scale"] = self.scale
        return Table(columns, meta={"loss": self.loss})
