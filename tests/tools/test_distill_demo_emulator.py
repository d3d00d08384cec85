# SPDX-License-Identifier: MIT
"""tools/distill_demo_emulator.py on the tiny emulator: likeness, same grids, scaling and domain, same bytes twice."""
import os
import sys

import numpy as np
import pytest

pytest.importorskip("torch")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "tools")]
import distill_demo_emulator  # noqa: E402
import fits_emulator  # noqa: E402
from command_line import ToolError  # noqa: E402
from emulator_file import read_emulator, write_emulator  # noqa: E402

TEACHER = os.path.join(HERE, "..", "data", "emulator-tiny.fits")
QUICK = ["--components", "6", "--samples", "400", "--steps", "150", "--lbfgs-steps", "10"]


def test_student_resembles_the_teacher(tmp_path):
    assert distill_demo_emulator.main([TEACHER, "--output", str(tmp_path / "E.fits"), *QUICK]) == 0
    for setup in ("desi_b", "desi_r", "desi_z"):
        teacher, student = (fits_emulator.FitsArm(path, setup) for path in (TEACHER, tmp_path / "E.fits"))
        assert student.primary["SYNTH"] and "synthetic, not for science" in str(student.primary["COMMENT"])
        np.testing.assert_allclose(student.wave(), teacher.wave(), rtol=1e-14)  # header cards have 16 digits
        for hdu in ("INPUT", "DOMAIN"):
            np.testing.assert_array_equal(student.hdu(hdu).data, teacher.hdu(hdu).data)
        x = np.random.default_rng(1).uniform(-0.6, 0.6, (200, 4))
        truth = teacher.last_layer(x)
        assert np.std(student.last_layer(x) - truth) < 0.3 * np.std(truth - truth.mean(0))  # measured 0.12


def test_made_twice_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    for folder in (tmp_path / "A", tmp_path / "B"):
        folder.mkdir()
        distill_demo_emulator.main([TEACHER, "--output", str(folder / "E.fits"), *QUICK[:4], "--steps", "5",
                                    "--lbfgs-steps", "2"])
    assert (tmp_path / "A" / "E.fits").read_bytes() == (tmp_path / "B" / "E.fits").read_bytes()


def test_teacher_with_a_curved_last_layer_is_refused(tmp_path):
    emulator = read_emulator(TEACHER)
    emulator.arms[0].layers[-1].activation = "TANH"
    write_emulator(emulator, str(tmp_path / "T.fits"))
    with pytest.raises(ToolError, match="desi_b: expected a network whose last layer is linear"):
        distill_demo_emulator.main([str(tmp_path / "T.fits"), "--output", str(tmp_path / "E.fits"), *QUICK])
    assert os.listdir(tmp_path) == ["T.fits"]


def test_grid_is_refused(tmp_path):
    grid = os.path.join(HERE, "..", "data", "emulator-grid-tiny.fits")
    with pytest.raises(ToolError, match="tiny_g: expected a network, found a grid"):
        distill_demo_emulator.main([grid, "--output", str(tmp_path / "E.fits"), *QUICK])
