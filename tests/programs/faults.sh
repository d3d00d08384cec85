#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Files as surveys and people write them: redshifts of two rows of one target, columns of any kind and name, a DESI
# file of a list without a camera. They are made here from simulated stars; those of the shared data run as they are.
set -euo pipefail
source "$(dirname "$0")/common.bash"

require_python astropy numpy
"$RVFIT_BIN_DIR/rvfit_simulate" --emulator "$demo_emulator" --output coadd-plain.fits --stars 3 --snr-min 50 --snr-max 50
"$python" - << 'END'
import numpy as np
from astropy.io import fits

hdus = fits.open("coadd-plain.fits")
ids = hdus["FIBERMAP"].data["TARGETID"].copy()
pair = hdus.copy()
pair["FIBERMAP"].data["TARGETID"][1] = ids[0]
pair.writeto("coadd-twins.fits")
twins = np.array([ids[0], ids[0], ids[2]])
redrock = fits.BinTableHDU.from_columns([
    fits.Column("TARGETID", "K", array=twins), fits.Column("Z", "D", array=[1e-5, 0.5, 2e-5]),
    fits.Column("SPECTYPE", "6A", array=["STAR", "GALAXY", "STAR"]), fits.Column("SUBTYPE", "4A", array=["G", "", "K"])],
    name="REDSHIFTS")
fits.HDUList([fits.PrimaryHDU(), redrock]).writeto("redrock-twins.fits")
hdus["FIBERMAP"].data["TARGETID"] = ids
redrock.data["TARGETID"] = ids
fits.HDUList([*hdus, redrock]).writeto("inside.fits")
fits.HDUList([hdu for hdu in hdus if not hdu.name.startswith("Z_")]).writeto("no-z.fits")
columns = []
for name, arm in zip("BR", ("desi_b", "desi_r")):
    n = len(hdus[f"{name}_WAVELENGTH"].data)
    wave = np.tile(hdus[f"{name}_WAVELENGTH"].data, (3, 1))
    columns.append([fits.Column("WAVE", f"{n}D", "Angstrom", array=wave),
                    fits.Column("FLUX", f"{n}E", array=hdus[f"{name}_FLUX"].data),
                    fits.Column("IVAR", f"{n}E", array=hdus[f"{name}_IVAR"].data)])
columns[0] += [fits.Column("TEFF", "E", array=[1, 2, 3]), fits.Column("STATUS", "10A", array=["a", "b", "c"]),
               fits.Column("SC", "I", array=np.array([123, -250, 377])),
               fits.Column("NUL", "J", null=-99, array=[-99, 1, 2]), fits.Column("BIT", "3X", array=np.eye(3, dtype=bool)),
               fits.Column("U64", "K", bzero=2**63, array=np.array([0, 2**63, 2**64 - 1], dtype=np.uint64))]
fits.HDUList([fits.PrimaryHDU()] + [fits.BinTableHDU.from_columns(some, name=name) for some, name in zip(columns, "BR")]
             ).writeto("table.fits")
fits.setval("table.fits", "TSCAL6", value=0.01, extname="B")
fits.setval("table.fits", "TZERO6", value=5.0, extname="B")
END
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$demo_emulator" --quiet --output-dir out)
table=(rvfit_table --emulator "$demo_emulator" --output-dir out --arm desi_b=B --arm desi_r=R)
expect_bad "--copy-columns: 'sc' is named twice" "${table[@]}" --copy-columns SC,NUL,sc table.fits
"${desi[@]}" --zbest-select --zbest-include coadd-twins.fits inside.fits
"${desi[@]}" no-z.fits coadd-plain.fits
"$RVFIT_BIN_DIR/${table[0]}" "${table[@]:1}" --quiet --copy-columns TEFF,STATUS,SC,NUL,BIT,U64 table.fits
"$python" - << 'END'
import numpy as np
from astropy.io import fits
from astropy.table import Table

read = lambda name: fits.getdata(f"out/rvtab_{name}.fits", "RVTAB")
for name in ("coadd-twins", "inside"):
    rows = read(name)
    assert list(rows["RR_Z"]) == [1e-5, 2e-5] and list(rows["RR_SUBTYPE"]) == ["G", "K"], rows["RR_Z"]
few, all_arms = read("no-z"), read("coadd-plain")
assert "CHISQ_R" in few.names and "CHISQ_Z" not in few.names
assert np.all(np.abs(few["VRAD"] - all_arms["VRAD"]) < 5 * few["VRAD_ERR"])
rows = Table.read("out/rvtab_table.fits", "RVTAB")
assert list(rows["IN_TEFF"]) == [1, 2, 3] and list(rows["IN_STATUS"]) == ["a", "b", "c"]
assert np.all(rows["TEFF"] > 1000) and len(rows["STATUS"]) == 3
assert np.allclose(rows["SC"], [6.23, 2.5, 8.77], rtol=1e-12)
assert list(rows["U64"]) == [0, 2**63, 2**64 - 1] and list(rows["NUL"].mask) == [True, False, False]
assert np.array_equal(rows["BIT"], np.eye(3, dtype=bool))
END

faults=${RVFIT_SHARED_DATA:-}/faults
if [ ! -e "$faults" ] || [ ! -e "${RVFIT_SHARED_EMULATOR:-}" ]; then
  echo "RVFIT_SHARED_DATA or its emulator is not there: its files are left out"
  exit 0
fi
desi=("$RVFIT_BIN_DIR/rvfit_desi" --emulator "$RVFIT_SHARED_EMULATOR" --quiet --output-dir shared)
phoenix=$RVFIT_SHARED_DATA/real/phoenix_vac.fits
cp "$faults"/{coadd,redrock}-dupg.fits .
"${desi[@]}" --zbest-include "$faults"/coadd-{noz,nomask,noobjtype,u64ref}.fits coadd-dupg.fits "$RVFIT_SHARED_DATA/real/desi-star-spectra.fits"
"$RVFIT_BIN_DIR/rvfit_sdss" --emulator "$phoenix" --quiet --output-dir shared "$faults"/spec-{trailing-zero-block,unpadded,no-plateid}.fits
rm -rf out
text=(rvfit_table --emulator "$phoenix" --output-dir out --arm desi_b)
expect_bad 'column wave is text' "${text[@]}" --error-column ERR "$faults/strwave.fits"
expect_bad 'of variable length' "${text[@]}" "$faults/vla.fits"
expect_bad 'GCOUNT is 9223372036854775807' rvfit_desi --emulator "$faults/emulator-hang.fits" --output-dir out no-z.fits
"$python" - << 'END'
import numpy as np
from astropy.io import fits

read = lambda name: fits.getdata(f"shared/rvtab_{name}.fits", "RVTAB")
star = read("desi-star-spectra")
assert np.abs(star["RR_Z"][0] * 299792.458 + 24.6) < 1 and star["FIBER"][0] >= 0
for name in ("coadd-noz", "coadd-nomask", "coadd-noobjtype", "coadd-u64ref"):
    assert len(read(name)) == 1 and np.abs(read(name)["VRAD"] - star["VRAD"])[0] < 5, name
assert int(read("coadd-u64ref")["REF_ID"][0]) > 2**63
assert list(read("coadd-dupg")["RR_SPECTYPE"]) == ["STAR", "GALAXY"]
specs = [read(f"spec-{name}") for name in ("trailing-zero-block", "unpadded", "no-plateid")]
assert len({float(spec["VRAD"][0]) for spec in specs}) == 1 and "PLATE" not in specs[2].names
END
