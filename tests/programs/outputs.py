#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Inputs for and checks of rvfit_desi's outputs, for outputs.sh; reads them as a user of rvspecfit does.

    outputs.py make SIMULATED FOLDER   a coadd with all that DESI's have, and redrock's file beside it
    outputs.py check COADD RVTAB RVMOD the outputs of its targets of the types MWS_ANY and STD_*
    outputs.py empty RVTAB RVMOD       outputs without a row
"""
import sys
import warnings

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.table import Table, join

warnings.simplefilter("error")  # a wrong checksum, a unit or a card beyond the standard

REFERENCE = """VRAD VRAD_ERR VRAD_SKEW VRAD_KURT VSINI LOGG LOGG_ERR TEFF TEFF_ERR FEH FEH_ERR ALPHAFE ALPHAFE_ERR
    CHISQ_TOT CHISQ_C_TOT NPIX_TOT CHISQ_B CHISQ_C_B CHISQ_R CHISQ_C_R CHISQ_Z CHISQ_C_Z VRAD_CCF RVS_WARN FIBER
    REF_ID REF_CAT TARGET_RA TARGET_DEC TARGETID SN_B SN_R SN_Z SUCCESS RR_Z RR_SPECTYPE RR_SUBTYPE""".split()
MWS, STD, LRG = 1 << 61, 1 << 33, 1
TYPES = [MWS, MWS | STD, LRG, STD, MWS, MWS]  # of six stars
FITTED = [0, 1, 3, 4]  # of them, the last is sky
COPIED = {"SPGRP": "healpix", "SPGRPVAL": 26065, "TILEID": 80613, "HPXNSIDE": 64, "HPXNEST": True}


def make(simulated, folder):
    with fits.open(simulated) as hdus:
        hdus[0].header.update(COPIED)
        fibermap = hdus["FIBERMAP"]
        columns = fibermap.columns + fits.ColDefs(
            [fits.Column("DESI_TARGET", "K", array=TYPES),
             fits.Column("FLUX_G", "E", unit="mJy", array=np.arange(6.0)),
             fits.Column("COEFF", "6E", dim="(3,2)", array=np.arange(36.0).reshape(6, 2, 3))])
        made = fits.BinTableHDU.from_columns(columns, name="FIBERMAP")
        made.data["OBJTYPE"][5] = "SKY"
        made.header["SURVEY"] = "main"
        hdus["FIBERMAP"] = made
        targets = made.data["TARGETID"]
        exposures = Table({"TARGETID": np.repeat(targets, 2), "EXPID": np.arange(12, dtype="i4")})
        hdus.append(fits.BinTableHDU(exposures, name="EXP_FIBERMAP"))
        hdus.writeto(f"{folder}/coadd-main-26065.fits", checksum=True)
    redrock = Table({"TARGETID": targets[4::-1], "Z": np.arange(5) * 1e-3,
                     "SPECTYPE": ["STAR", "STAR", "GALAXY", "QSO", "STAR"],
                     "SUBTYPE": ["K", "G", "", "", "M"]})
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(redrock, name="REDSHIFTS")]).writeto(
        f"{folder}/redrock-main-26065.fits")


def verify(path):
    with fits.open(path, checksum=True) as hdus:
        hdus.verify("exception")
        assert all("CHECKSUM" in hdu.header and "DATASUM" in hdu.header for hdu in hdus), path


def check(coadd, rvtab, rvmod):
    verify(rvtab)
    verify(rvmod)
    tab = Table.read(rvtab, hdu="RVTAB", mask_invalid=False)
    fibermap = Table.read(rvtab, hdu="FIBERMAP")
    scores = Table.read(rvtab, hdu="SCORES")
    truth = Table.read(coadd, hdu="TRUTH")

    # One row for each of the fitted, in the order of the input; other tables go with them.
    source = Table.read(coadd, hdu="FIBERMAP")
    assert list(tab["TARGETID"]) == list(source["TARGETID"][FITTED])
    assert (fibermap["TARGETID"] == tab["TARGETID"]).all()
    assert (scores["TARGETID"] == tab["TARGETID"]).all()
    assert fibermap.colnames == source.colnames
    for name in source.colnames:
        assert (fibermap[name] == source[name][FITTED]).all(), name
        assert fibermap[name].unit == source[name].unit, name
    exposures = Table.read(rvtab, hdu="EXP_FIBERMAP")
    assert list(exposures["TARGETID"]) == list(np.repeat(tab["TARGETID"], 2))

    # rvspecfit's columns come first, in its order, with units that astropy knows.
    assert tab.colnames[: len(REFERENCE)] == REFERENCE, tab.colnames
    assert tab["VRAD"].unit == u.km / u.s and tab["TEFF"].unit == u.K
    for name, kind in {"VRAD": "f8", "RVS_WARN": "i8", "SN_B": "f4", "SUCCESS": "b1"}.items():
        assert tab[name].dtype.newbyteorder("=") == kind, (name, tab[name].dtype)

    # Such scripts keep the good ones, and compare with another table.
    good = tab[(tab["RVS_WARN"] == 0) & tab["SUCCESS"]]
    assert len(good) == len(tab), list(tab["RVS_WARN"])
    matched = join(good, truth, keys="TARGETID", table_names=["", "TRUE"],
                   uniq_col_name="{col_name}{table_name}", metadata_conflicts="silent")
    assert len(matched) == len(good)
    # Six errors: one chance in 1e9.
    assert (abs(matched["VRAD"] - matched["VRADTRUE"]) < 6 * matched["VRAD_ERR"]).all()
    assert (abs(matched["TEFF"] - matched["TEFFTRUE"]) < 6 * matched["TEFF_ERR"]).all()
    assert (abs(good["VRAD_CCF"] - good["VRAD"]) < 25).all()  # a step of the scan
    assert (abs(good["VRAD_SKEW"]) < 0.5).all() and (abs(good["VRAD_KURT"] - 3) < 0.5).all()  # S/N 50: near a Gaussian
    assert (good["VRAD_ERR_PROFILE"] <= good["VRAD_ERR"] * 1.05).all()  # other parameters held, no wider
    assert not (good["DNEG2LOGL_SECOND"] < 25).any()  # none is ambiguous
    assert (good["CHISQ_TOT"] < 1.2 * good["NPIX_TOT"]).all()
    arms = sum(np.array(good[f"CHISQ_{arm}"]) for arm in "BRZ")
    assert np.allclose(arms, good["CHISQ_TOT"], rtol=1e-12)  # sums of three doubles
    variance = np.diagonal(good["COVAR"], axis1=1, axis2=2)
    with fits.open(rvtab) as hdus:
        header = hdus["RVTAB"].header
        order = [header[f"PARAM{p}"] for p in range(variance.shape[1])]
    for parameter, name in [("rv", "VRAD"), ("teff", "TEFF"), ("logg", "LOGG"), ("feh", "FEH")]:
        assert np.allclose(np.sqrt(variance[:, order.index(parameter)]), good[name + "_ERR"],
                           rtol=1e-12)  # one square root

    # Redrock's redshifts, by TARGETID.
    assert np.array_equal(tab["RR_Z"], np.array([4, 3, 1, 0]) * 1e-3)
    assert [value.strip() for value in tab["RR_SPECTYPE"]] == ["STAR", "QSO", "STAR", "STAR"]

    for path in (rvtab, rvmod):
        header = fits.getheader(path)
        for key, value in COPIED.items():
            assert header[key] == value, (path, key)
        software = {header[f"DEPNAM{n:02}"]: header[f"DEPVER{n:02}"] for n in range(3)}
        assert set(software) == {"rvfit", "Kokkos", "CFITSIO"}
        assert header["TMPLCON0"] == "desi_b" and "TMPLREV0" in header and "TMPLSVR0" in header
        assert "--objtypes MWS_ANY,STD_*" in header["RVS_CMD"] and len(header["RVS_CMD"]) > 80
        assert header["RR_FILE"].endswith("redrock-main-26065.fits")

    # Models lie on the spectra.
    with fits.open(coadd) as data, fits.open(rvmod) as model:
        assert (model["FIBERMAP"].data["TARGETID"] == tab["TARGETID"]).all()
        for arm in "BRZ":
            assert np.array_equal(model[f"{arm}_WAVELENGTH"].data, data[f"{arm}_WAVELENGTH"].data)
            flux, ivar = (data[f"{arm}_{part}"].data[FITTED] for part in ("FLUX", "IVAR"))
            use = (ivar > 0) & (data[f"{arm}_MASK"].data[FITTED] == 0) & np.isfinite(flux)
            residual = ((flux - model[f"{arm}_MODEL"].data) * np.sqrt(ivar))[use]
            assert abs(np.median(abs(residual)) - 0.6745) < 0.05  # of a unit Gaussian


def empty(rvtab, rvmod):
    verify(rvtab)
    verify(rvmod)
    tab = Table.read(rvtab, hdu="RVTAB")
    assert len(tab) == 0 and set(REFERENCE) <= set(tab.colnames)
    assert len(Table.read(rvtab, hdu="FIBERMAP")) == 0
    assert fits.getheader(rvmod, "B_MODEL")["NAXIS2"] == 0


if __name__ == "__main__":
    {"make": make, "check": check, "empty": empty}[sys.argv[1]](*sys.argv[2:])
