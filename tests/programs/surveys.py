# SPDX-License-Identifier: MIT
"""surveys.py VELOCITIES: look at the tables that surveys.sh has made."""
import csv
import glob
import os
import sys

import numpy as np
from astropy.io import fits


def table(folder, pattern="*"):
    (path,) = glob.glob(os.path.join(folder, f"rvtab_{pattern}"))
    return fits.getdata(path, "RVTAB")


def check(what, condition):
    print(what, "ok" if condition else "FAILED")
    check.good &= bool(condition)


check.good = True
with open(sys.argv[1], encoding="ascii") as file:
    rows = list(csv.DictReader(file))
for row in rows:
    rv, expected = table("low", row["file"].replace(".gz", "*"))["VRAD"][0], float(row["z_times_c_kms"])
    # LAMOST's own repeats scatter by 2.5 km/s; its zero point is known to several.
    check(f"LAMOST {row['file']}: {rv:.2f}, LAMOST's own {expected}", abs(rv - expected) < 10.0)
check("one table a file", len(rows) == 6)

blue = table("medium")["VRAD"][0]
check(f"LAMOST medium, blue coadd: {blue:.2f}", abs(blue + 54.9) < 1.0)
exposures = table("exposures")
velocities = [exposures["VRAD"][0]] + [exposures[f"VRAD_{n}"][0] for n in range(2, 8)]
check(f"its exposures: {np.round(velocities, 2)}", np.max(np.abs(np.array(velocities) + 54.9)) < 3.0)

coadd, blunt, cameras = (table(run) for run in ("coadd", "blunt", "cameras"))
check(f"BOSS: {coadd['VRAD'][0]:.2f}, exposures {cameras['VRAD'][0]:.2f}",
      -31.0 < coadd["VRAD"][0] < -5.0 and -31.0 < cameras["VRAD"][0] < -5.0)
# Rotation stands for the line spread where that is not applied: 173 km/s.
check(f"BOSS: vsini {blunt['VSINI'][0]:.0f} without its line spread, {coadd['VSINI'][0]:.0f} with it",
      coadd["VSINI"][0] < 5.0 < 150.0 < blunt["VSINI"][0] and coadd["CHISQ_TOT"][0] < blunt["CHISQ_TOT"][0])

visit, chips = table("visit"), table("chips")
check(f"APOGEE: {visit['VRAD'][0]:.3f}, pipeline -67.472", abs(visit["VRAD"][0] + 67.472) < 0.3)
velocities = [chips[name][0] for name in ("VRAD", "VRAD_2", "VRAD_3")]
check(f"APOGEE, chip by chip: {np.round(velocities, 2)}", np.max(np.abs(np.array(velocities) + 67.472)) < 1.0)
sys.exit(0 if check.good else 1)
