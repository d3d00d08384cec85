#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Real spectra with faults: fluxes in erg/s/cm2/Angstrom, cosmic rays that nobody masked, a resolution matrix with
# empty columns.
set -euo pipefail
source "$(dirname "$0")/common.bash"

faults=${RVFIT_SHARED_DATA:-}/faults
real=${RVFIT_SHARED_DATA:-}/real
if [ ! -d "$faults" ]; then
  echo "[skipped] RVFIT_SHARED_DATA is not set"
  exit 77
fi
require_python astropy numpy
table=("$RVFIT_BIN_DIR/rvfit_table" --emulator "$real/phoenix_vac.fits" --quiet)

"$python" - "$faults/flux-in-cgs.fits" << 'END'
import sys
from astropy.table import Table
for scale in [1, 1e17, 1e-13, 1e47]:
    t = Table.read(sys.argv[1], hdu=1)
    for name in ["FLUX", "ERR"]:
        t[name] = t[name].astype(float) * scale
    t.write(f"scaled_{scale:.0e}.fits", overwrite=True)
END
"${table[@]}" --arm gaia_rvs --output-dir scaled scaled_*.fits
"${table[@]}" --arm mrs_b --mask-column PIXMASK --output-dir plain "$faults/lamost-spikes-B-84107383.fits"
"${table[@]}" --arm mrs_b --mask-column PIXMASK --output-dir clipped --clip 5 "$faults/lamost-spikes-B-84107383.fits"
"$RVFIT_BIN_DIR/rvfit_desi" --emulator "$real/phoenix_desi_r10000.fits" --quiet --resolution-matrix \
  --lsf-sigma b=.20,r=.285,z=.36 --output-dir matrix "$faults/coadd-zero-columns.fits"
"$python" - << 'END'
import glob
import numpy as np
from astropy.table import Table
scaled = [Table.read(path, "RVTAB")[0] for path in sorted(glob.glob("scaled/*.fits"))]
assert len(scaled) == 4
for row in scaled:
    assert row["RVS_WARN"] == scaled[0]["RVS_WARN"] and row["NPIX_TOT"] == scaled[0]["NPIX_TOT"]
    # The solver's tolerance is a hundredth of an error.
    assert abs(row["VRAD"] - scaled[0]["VRAD"]) < 0.01 * row["VRAD_ERR"], (row["VRAD"], scaled[0]["VRAD"])
plain = Table.read(glob.glob("plain/*.fits")[0], "RVTAB")[0]
assert plain["RVS_WARN"] & 131072 and not plain["SUCCESS"]
clipped = Table.read(glob.glob("clipped/*.fits")[0], "RVTAB")[0]
assert abs(clipped["VRAD"] + 54.5) < 0.5 and clipped["SUCCESS"], clipped["VRAD"]  # the other exposures' scatter
assert 20 < clipped["NPIX_CLIPPED"] < 60
matrix = Table.read(glob.glob("matrix/*.fits")[0], "RVTAB")[0]
assert matrix["CHISQ_R"] < 2500, matrix["CHISQ_R"]  # 2576 with the empty columns, 2481 without
END
