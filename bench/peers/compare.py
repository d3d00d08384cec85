#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare.py FOLDER START THREADS: what run.sh measured there, side by side, and FOLDER/peers.json.

Rate: stars but one over the difference in time between a run of all and a run of the first alone, so without the time to
start; of processors, which other work on the machine changes little, and by the clock. Scatter: 1.4826 times the median absolute deviation from the truth. Minima: rvspecfit's own objective, -2 ln L in double, at the
answers of both; what is lower is better.
"""
import json
import os
import platform
import subprocess
import sys
import time

import astropy
import numpy as np
from astropy.io import fits
from astropy.table import Table
import rvspecfit
from rvspecfit import spec_fit, utils
from rvspecfit.desi import desi_fit  # sets OMP_NUM_THREADS to 1

from times import seconds

PARAMETERS = {"VRAD": "km/s", "TEFF": "K", "LOGG": "dex", "FEH": "dex", "ALPHAFE": "dex", "VSINI": "km/s"}
TRUTH = {"VRAD": ("VRAD", "RV"), "ALPHAFE": ("ALPHA", "ALPHAFE")}  # columns that have another name there
DIFFERENCE = 0.05  # of -2 ln L, from which a minimum is lower than another


def matched(path, targets):
    """RVTAB of a file, its rows those of the targets."""
    table = Table.read(path, "RVTAB")
    place = {target: row for row, target in enumerate(table["TARGETID"])}
    return table[[place[target] for target in targets]]


def number(table, name):
    return np.ma.filled(np.ma.asarray(table[name], float), np.nan)


def objective(file, row, table, config):
    """rvspecfit's -2 ln L of star `row` at the parameters of a table."""
    arms = ["b", "r", "z"]
    flux, ivar, mask, wave, resolution = desi_fit.read_data(file, arms)
    data = desi_fit.get_specdata(wave, flux, ivar, mask, resolution, row, arms)
    labels = tuple(float(number(table, name)[row]) for name in ("TEFF", "LOGG", "FEH", "ALPHAFE"))
    vsini, rv = (float(number(table, name)[row]) for name in ("VSINI", "VRAD"))
    if data is None or not np.isfinite(labels + (vsini, rv)).all():
        return np.nan
    return spec_fit.get_chisq(data, rv, labels, (vsini,), options={"npoly": 10}, config=config)


def scatter(table, truth):
    out = {}
    for name in PARAMETERS:
        column = next((c for c in TRUTH.get(name, (name,)) if c in truth.colnames), None)
        if column is not None:
            off = number(table, name) - np.asarray(truth[column], float)
            out[name] = float(1.4826 * np.nanmedian(np.abs(off)))
    return out


def processor():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())


def main(start, threads):
    config = utils.freezeDict(utils.read_config("config.yaml"))
    with fits.open("spectra.fits") as file:
        targets = np.asarray(file["FIBERMAP"].data["TARGETID"])
        tables = {"rvfit": matched("ours/rvtab_spectra.fits", targets),
                  "rvspecfit": matched("theirs/rvtab_spectra.fits", targets)}
        minima = {name: np.array([objective(file, row, table, config) for row in range(len(targets))])
                  for name, table in tables.items()}
        truth = Table(file["TRUTH"].data) if "TRUTH" in file else None
    stars = len(targets)
    lower = minima["rvspecfit"] - minima["rvfit"]  # positive where rvfit's is lower
    report = {
        "stars": stars, "date": time.strftime("%Y-%m-%d", time.gmtime()), "processor": processor(),
        "threads": threads, "load": os.getloadavg()[0],
        "rvspecfit": {"version": rvspecfit.__version__, "start": start}, "python": platform.python_version(),
        "numpy": np.__version__, "astropy": astropy.__version__,
        "rvfit": {"version": subprocess.run([os.environ["RVFIT_DESI"], "--version"], check=True, capture_output=True,
                                            text=True).stdout.strip()}}
    for name, key in (("rvfit", "ours"), ("rvspecfit", "theirs")):
        (clock, cores), (first_clock, first_cores) = seconds(f"{key}-spectra"), seconds(f"{key}-first")
        report[name] |= {"seconds": clock, "core_seconds": cores, "core_seconds_of_one_star": first_cores,
                         "stars_per_second": (stars - 1) / max(clock - first_clock, 1e-3),
                         "stars_per_core_second": (stars - 1) / max(cores - first_cores, 1e-3)}
        if truth is not None:
            report[name]["scatter"] = scatter(tables[name], truth)
    report["ratio"] = report["rvfit"]["stars_per_core_second"] / report["rvspecfit"]["stars_per_core_second"]
    report["minima"] = {"rvfit_lower": int((lower > DIFFERENCE).sum()), "rvspecfit_lower": int((lower < -DIFFERENCE).sum()),
                        "equal": int((np.abs(lower) <= DIFFERENCE).sum()), "most_rvfit_lower": float(np.nanmax(lower)),
                        "most_rvspecfit_lower": float(np.nanmax(-lower)), "not_compared": int(np.isnan(lower).sum())}
    with open("peers.json", "w", encoding="ascii") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    print_report(report)


def print_report(report):
    ours, theirs, minima = report["rvfit"], report["rvspecfit"], report["minima"]
    print(f"{report['stars']} stars, {report['threads']} thread(s) each, {report['processor']}, load {report['load']:.1f}, "
          f"{report['date']}\n")
    rows = [("", ours["version"], "rvspecfit " + theirs["version"]),
            ("stars a core-second", f"{ours['stars_per_core_second']:.4g}", f"{theirs['stars_per_core_second']:.4g}"),
            ("stars a second by the clock", f"{ours['stars_per_second']:.4g}", f"{theirs['stars_per_second']:.4g}"),
            ("core-seconds in all", f"{ours['core_seconds']:.4g}", f"{theirs['core_seconds']:.4g}"),
            ("core-seconds of a run of one star", f"{ours['core_seconds_of_one_star']:.3g}",
             f"{theirs['core_seconds_of_one_star']:.3g}")]
    for name in ours.get("scatter", {}):
        rows.append((f"scatter of {name} [{PARAMETERS[name]}]", f"{ours['scatter'][name]:.3g}",
                     f"{theirs['scatter'][name]:.3g}"))
    rows += [(f"minimum lower by {DIFFERENCE} or more", str(minima["rvfit_lower"]), str(minima["rvspecfit_lower"])),
             ("most by which it is", f"{max(minima['most_rvfit_lower'], 0):.3g}",
              f"{max(minima['most_rvspecfit_lower'], 0):.3g}")]
    for name, left, right in rows:
        print(f"{name:36}{left:>20}{right:>20}")
    print(f"\n{report['ratio']:.0f} times as many stars a core-second; {minima['equal']} minima are equal. The numbers are in "
          f"{os.path.join(os.getcwd(), 'peers.json')}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    os.chdir(sys.argv[1])
    main(sys.argv[2], int(sys.argv[3]))
