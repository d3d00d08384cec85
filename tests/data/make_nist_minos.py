#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Intervals of iminuit's minos for NIST's nonlinear regressions, as tests/data/nist_minos.txt holds them.

    python3 tests/data/make_nist_minos.py > tests/data/nist_minos.txt      (needs numpy, iminuit)

chi-square has errors of sqrt(sum of squares / (data - parameters)); an interval ends where its profile is 1 above its minimum. minos is run once for each
parameter, from the certified values, in coordinates u with theta - certified = R^-1 u of the QR factors of the Jacobian, that parameter last: u_last
is the parameter in units of its error, and the others are nearly uncorrelated. In theta itself minos ends without a result on the most correlated problems.
A line holds the problem, the parameter, and the distances of both ends from the minimum. Ends that minos does not find are nan.
"""

import os
import re
import sys

import numpy as np
from iminuit import Minuit

exp, log, sqrt, cos, sin, pi = np.exp, np.log, np.sqrt, np.cos, np.sin, np.pi


def gauss(b, x):
    return (b[0] * exp(-b[1] * x) + b[2] * exp(-(((x - b[3]) / b[4]) ** 2))
            + b[5] * exp(-(((x - b[6]) / b[7]) ** 2)))


def cubics(b, x):
    return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1 + x * (b[4] + x * (b[5] + x * b[6])))


def lanczos(b, x):
    return b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x)


def enso(b, x):
    t = 2 * pi * x
    return (b[0] + b[1] * cos(t / 12) + b[2] * sin(t / 12) + b[4] * cos(t / b[3])
            + b[5] * sin(t / b[3]) + b[7] * cos(t / b[6]) + b[8] * sin(t / b[6]))


def chwirut(b, x):
    return exp(-b[0] * x) / (b[1] + b[2] * x)


def misra1a(b, x):
    return b[0] * (1 - exp(-b[1] * x))


MODELS = {
    "Bennett5": lambda b, x: b[0] * exp(-log(b[1] + x) / b[2]),
    "BoxBOD": misra1a, "Misra1a": misra1a,
    "Chwirut1": chwirut, "Chwirut2": chwirut,
    "DanWood": lambda b, x: b[0] * exp(b[1] * log(x)),
    "ENSO": enso,
    "Eckerle4": lambda b, x: b[0] / b[1] * exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": gauss, "Gauss2": gauss, "Gauss3": gauss,
    "Hahn1": cubics, "Thurber": cubics,
    "Kirby2": lambda b, x: (b[0] + x * (b[1] + x * b[2])) / (1 + x * (b[3] + x * b[4])),
    "Lanczos1": lanczos, "Lanczos2": lanczos, "Lanczos3": lanczos,
    "MGH09": lambda b, x: b[0] * (x * x + x * b[1]) / (x * x + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * exp(-b[3] * x) + b[2] * exp(-b[4] * x),
    "Misra1b": lambda b, x: b[0] * (1 - 1 / (1 + 0.5 * b[1] * x) ** 2),
    "Misra1c": lambda b, x: b[0] * (1 - 1 / sqrt(1 + 2 * b[1] * x)),
    "Misra1d": lambda b, x: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda b, x: b[0] - b[1] * x[0] * exp(-b[2] * x[1]),
    "Rat42": lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] * exp(-log(1 + exp(b[1] - b[2] * x)) / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / pi,
}


def read(path):
    """Response, predictors, certified values, deviations and sum of squares of one of NIST's files."""
    lines = open(path).read().splitlines()

    def span(what):
        for line in lines[:12]:
            found = re.search(what + r"\s*\(lines\s+(\d+)\s+to\s+(\d+)\)", line)
            if found:
                return lines[int(found[1]) - 1:int(found[2])]
        raise SystemExit(f"{path}: no {what}")

    certified, deviation = [], []
    for line in span("Certified Values"):
        found = re.match(r"\s*b\d+\s*=(.*)", line)
        if found:
            numbers = found[1].split()
            certified.append(float(numbers[2]))
            deviation.append(float(numbers[3]))
    rows = np.array([[float(v) for v in line.split()] for line in span("Data") if line.strip()])
    squares = [float(line.split(":")[1]) for line in lines if "Residual Sum of Squares:" in line]
    return rows[:, 0], rows[:, 1:].T, np.array(certified), np.array(deviation), squares[0]


def main():
    np.seterr(all="ignore")
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nist")
    print("# problem, parameter, lower and upper distance: make_nist_minos.py, iminuit's minos")
    for name, model in sorted(MODELS.items()):
        y, x, certified, deviation, squares = read(os.path.join(folder, name + ".dat"))
        y = log(y) if name == "Nelson" else y
        x = x if name == "Nelson" else x[0]
        n = len(certified)
        variance = squares / (len(y) - n)

        root = sqrt(variance)
        step = 1e-30  # of the complex-step derivative
        jacobian = np.stack([model(certified + 1j * step * np.eye(n)[q] * deviation[q], x).imag / step
                             for q in range(n)], 1) / root  # per certified deviation
        for p in range(n):
            order = [q for q in range(n) if q != p] + [p]
            inverse = np.linalg.inv(np.linalg.qr(jacobian[:, order])[1])
            inverse *= np.sign(inverse[-1, -1])

            def theta(u):
                out = certified.copy()
                out[order] += deviation[order] * (inverse @ u)
                return out

            def chi2(u):
                f = np.sum(((y - model(theta(u), x)) / root) ** 2)
                return f if np.isfinite(f) else 1e30

            fit = Minuit(chi2, np.zeros(n))
            fit.errordef, fit.strategy, fit.tol, fit.print_level = 1, 2, 1e-3, 0
            for _ in range(3):
                fit.migrad(ncall=100000)
            ends = [float("nan")] * 2
            try:
                fit.minos(n - 1, ncall=100000)
                found = fit.merrors[f"x{n - 1}"]
                ends = [found.lower if found.lower_valid else ends[0],
                        found.upper if found.upper_valid else ends[1]]
            except RuntimeError as error:
                print(name, p, error, file=sys.stderr)
            unit = deviation[p] * inverse[-1, -1]
            print(name, p, *(f"{unit * v:.8g}" for v in ends))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
