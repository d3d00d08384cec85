# SPDX-License-Identifier: MIT
"""tools/plot_demo.py on made-up fits: what it counts, what --check refuses, that it draws."""
import os
import sys

import numpy as np
import pytest
from astropy.io import fits

pytest.importorskip("matplotlib")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
import plot_demo  # noqa: E402
from command_line import ToolError  # noqa: E402

STARS = 300
ARMS = {"B": (3600, 5800), "R": (5760, 7620), "Z": (7520, 9824)}
RANGES = {"VRAD": (-500, 500), "VSINI": (20, 150), "TEFF": (4000, 8000), "LOGG": (1, 5), "FEH": (-2, 0.5),
          "ALPHA": (0, 0.4)}


def table(name, **columns):
    formats = {"i": "K", "f": "D", "U": "16A"}
    return fits.BinTableHDU.from_columns(
        [fits.Column(key, formats[np.asarray(a).dtype.kind], array=a) for key, a in columns.items()], name=name)


def write_demo(folder, width=1.0, bias=0.0, failed=0, bound=10):
    """Fits whose pulls have the given width and bias, in another order than the truth and for five stars less."""
    random = np.random.default_rng(7)
    targetid, order = 1000 + np.arange(STARS), random.permutation(STARS)[:STARS - 5]
    truth = {name: random.uniform(*limits, STARS) for name, limits in RANGES.items()}
    fit = {}
    for name, values in truth.items():
        column = "ALPHAFE" if name == "ALPHA" else name
        error = np.full(STARS, 0.01 * np.ptp(values))
        fit[column] = (values + error * (width * random.standard_normal(STARS) + bias))[order]
        fit[column + "_ERR"] = error[order]
    flags = np.where(np.arange(len(order)) < bound, 2, 0)
    fit["VSINI"][:bound] = 0.0  # far from the truth: must not enter the pulls
    status = np.where(np.arange(len(order)) < len(order) - failed, "converged", "max_iterations")
    data, model = fits.HDUList([fits.PrimaryHDU()]), fits.HDUList([fits.PrimaryHDU()])
    for arm, limits in ARMS.items():
        wave = np.linspace(*limits, 50)
        images = {"WAVELENGTH": wave, "FLUX": np.full((STARS, 50), np.nan), "IVAR": np.ones((STARS, 50)),
                  "MASK": np.zeros((STARS, 50), np.int32)}
        images["FLUX"][:, 5:] = 10.0 + random.standard_normal((STARS, 45))
        data.extend(fits.ImageHDU(image, name=f"{arm}_{kind}") for kind, image in images.items())
        model.append(fits.ImageHDU(np.full((len(order), 50), 10.0), name=f"{arm}_MODEL"))
    data.append(table("FIBERMAP", TARGETID=targetid))
    data.append(table("TRUTH", TARGETID=targetid, SNR=random.uniform(10, 100, STARS), **truth))
    rvtab = fits.HDUList([fits.PrimaryHDU(), table("RVTAB", TARGETID=targetid[order], STATUS=status,
                                                   BOUND_FLAGS=flags, **fit)])
    for prefix, hdus in (("", data), ("rvmod_", model), ("rvtab_", rvtab)):
        hdus.writeto(os.path.join(folder, f"{prefix}coadd-demo.fits"))


def test_good_fits_pass_and_are_drawn(tmp_path, capsys):
    write_demo(tmp_path)
    assert plot_demo.main([str(tmp_path), "--check"]) == 0
    told = capsys.readouterr().out
    assert told.count("285") == 6 and "converged 295 of 295" in told  # ten stars sit on a bound
    assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert len(os.listdir(tmp_path)) == 4


@pytest.mark.parametrize("options, fault", [({"width": 1.5}, "teff width"), ({"width": 0.6}, "teff width"),
                                            ({"bias": 0.4}, "rv median pull"), ({"failed": 4}, "converged 98.6%")])
def test_check_fails(tmp_path, capsys, monkeypatch, options, fault):
    monkeypatch.setattr(plot_demo, "draw", lambda demo, path: None)
    write_demo(tmp_path, **options)
    assert plot_demo.main([str(tmp_path)]) == 0
    assert plot_demo.main([str(tmp_path), "--check"]) == 1
    assert fault in capsys.readouterr().out


def test_missing_input_is_named(tmp_path):
    write_demo(tmp_path)
    os.remove(tmp_path / "rvmod_coadd-demo.fits")
    with pytest.raises(ToolError, match="rvmod_coadd-demo.fits: no such file"):
        plot_demo.main([str(tmp_path)])
