# SPDX-License-Identifier: MIT
"""The programs' readers: files of surveys as Spectra."""

from __future__ import annotations

import os

import numpy as np

from . import _core
from ._spectra import Arm, Spectra


def _spectra(found, one_star=False, **more):
    arms = {}
    for each in found["arms"]:
        key = each["arm"] if each["arm"] not in arms else each["label"]
        arms[key] = Arm(**each)
    columns = {name: np.array(values, dtype=str) if isinstance(values, list) else values
               for name, _, _, values in found["columns"] if values is not None}
    star = np.zeros(len(next(iter(arms.values()))), int) if one_star else None
    return Spectra(arms, columns=columns, **{"star": star, **more})


def read_desi(path: str | os.PathLike, *, arms: tuple[str, ...] = ("b", "r", "z"), resolution: bool = False,
              all_rows: bool = False, join_exposures: bool = False) -> Spectra:
    """Spectra of a DESI coadd- or spectra- file, prepared as rvfit_desi prepares them.

    Parameters
    ----------
    arms : of "b", "r", "z"
    resolution : read the resolution matrices, which a fit then applies
    all_rows : also sky, bad, and those with a bad fiber status
    join_exposures : rows of one TARGETID are exposures of a star
    """
    found = _core.module.read_desi(os.fspath(path), [arm.upper() for arm in arms], resolution, all_rows)
    return _spectra(found, star=found["target_id"] if join_exposures else None, masked=[(4300.0, 4450.0)],
                    error_floor=0.3)


def read_sdss(path: str | os.PathLike, *, arm: str = "sdss1", exposures: bool = False) -> Spectra:
    """The star of an SDSS, BOSS or SDSS-V spec- file: its coadd, or its exposures to be fitted together."""
    return _spectra(_core.module.read_sdss(os.fspath(path), arm, exposures), one_star=True)


def read_lamost(path: str | os.PathLike, *, arm: str = "lamost", arm_b: str = "mrs_b", arm_r: str = "mrs_r",
                fit_arm: str = "", exposures: bool = False) -> Spectra:
    """The star of a LAMOST file. rvfit_lamost rejects outliers: fit(.., clip=5) does."""
    found = _core.module.read_lamost(os.fspath(path), arm, arm_b, arm_r, fit_arm.upper(), exposures)
    return _spectra(found, one_star=True)


def read_apogee(path: str | os.PathLike, *, arm: str | list[str] = "apogee", visits: bool = False) -> Spectra:
    """The star of an apVisit or apStar file. `arm`: of the library, one for all chips or three."""
    arms = [arm] * 3 if isinstance(arm, str) else list(arm)
    return _spectra(_core.module.read_apogee(os.fspath(path), arms, visits), one_star=True)


def read_weave(path: str | os.PathLike, *, arm_b: str = "weave_b", arm_r: str = "weave_r",
               all_rows: bool = False) -> Spectra:
    """Spectra of a WEAVE L1 file."""
    return _spectra(_core.module.read_weave(os.fspath(path), arm_b, arm_r, all_rows))


def read_table(path: str | os.PathLike, arms: str | dict[str, str | int], *, copy_columns: list[str] | tuple = (),
               **columns: str) -> Spectra:
    """Spectra of FITS tables (docs/programs.md, rvfit_table).

    Parameters
    ----------
    arms : dict of the library's arm to the name or number of the HDU, or a name (HDU 1)
    copy_columns : columns that the results repeat
    columns : wave, flux, ivar, error, variance, mask, line_spread: names of columns; wave_unit, wave_hdu
    """
    pairs = [(arms, "1")] if isinstance(arms, str) else [(name, str(hdu)) for name, hdu in arms.items()]
    return _spectra(_core.module.read_table(os.fspath(path), pairs, list(columns.items()), list(copy_columns)))
