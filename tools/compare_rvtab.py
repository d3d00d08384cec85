#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare_rvtab.py A.fits B.fits: whether two RVTAB tables of the same stars hold the same fits.

Prints a JSON object: stars, those with another status, and for each parameter the largest difference and how
many stars differ by more than SIGMA of B's error. Numbers that two devices add up in another order differ by
their rounding, far below SIGMA; now and then a star between two equal minima ends in the other one, so
that one star in 200 may differ. Exit code 1 if more do.
"""
import json
import sys

import numpy as np
from astropy.table import Table

SIGMA = 0.01
MAY_DIFFER = 0.005
PARAMETERS = ("VRAD", "VSINI", "TEFF", "LOGG", "FEH", "ALPHAFE")


def compare(path_a, path_b):
    a, b = (Table.read(path, "RVTAB") for path in (path_a, path_b))
    if not np.array_equal(a["TARGETID"], b["TARGETID"]):
        return {"error": f"{path_a} and {path_b} are of other stars", "agree": False}
    differs = np.asarray(a["STATUS_CODE"] != b["STATUS_CODE"])
    report = {"stars": len(a), "other_status": int(differs.sum()), "sigma": {}}
    for name in PARAMETERS:
        x, y, error = (np.ma.filled(np.ma.asarray(column, float), np.nan)
                       for column in (a[name], b[name], b[name + "_ERR"]))
        # A parameter without an error lies at a bound: there it must be the same number, near enough.
        unit = np.where(error > 0, error, 1e-6 * np.maximum(np.abs(y), 1.0) / SIGMA)
        pull = np.abs(x - y) / unit
        pull[np.isnan(x) & np.isnan(y)] = 0.0
        pull[np.isnan(pull)] = np.inf
        report["sigma"][name] = {"largest": float(min(pull.max(), 1e300)), "beyond": int((pull > SIGMA).sum())}
        differs |= pull > SIGMA
    report["differing"] = int(differs.sum())
    report["agree"] = bool(differs.sum() <= MAY_DIFFER * len(a))
    return report


def main(path_a, path_b):
    report = compare(path_a, path_b)
    print(json.dumps(report, indent=2))
    return 0 if report["agree"] else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
