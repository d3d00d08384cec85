# SPDX-License-Identifier: MIT
"""The code in the pages about Python runs, from its first block to its last."""

import os
import re
import shutil

import numpy as np
import pytest


def run_page(page, least):
    """The names that a page's blocks leave, at least so many."""
    page = os.path.join(os.environ.get("RVFIT_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "../..")), page)
    with open(page) as file:
        blocks = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
    assert len(blocks) >= least
    names = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    return names


def test_page():
    pytest.importorskip("matplotlib")
    names = run_page("docs/python.md", 6)
    # Errors of a few tenths of km/s: ten of them.
    assert np.all(np.abs(names["found"]["VRAD"] - [-50, 0, 120]) < 5)
    assert 0.5 < np.std(names["offset"] / names["result"]["VRAD_ERR"]) < 2


@pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler")
def test_page_of_curves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names = run_page("docs/python_curves.md", 4)
    assert names["peaks"].converged.all() and np.abs(np.mean(names["peaks"]["mu"]) - 4) < 0.01
    assert names["found"].converged.all() and np.abs(np.mean(names["found"]["center_1"]) - 3) < 0.05
    assert len(np.fromfile("theta.bin")) == 4 * 10_000
