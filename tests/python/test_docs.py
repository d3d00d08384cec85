# SPDX-License-Identifier: MIT
"""The code in docs/python.md runs, from its first block to its last."""

import os
import re

import numpy as np
import pytest


def test_page():
    pytest.importorskip("matplotlib")
    page = os.path.join(os.environ.get("RVFIT_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "../..")),
                        "docs/python.md")
    with open(page) as file:
        blocks = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
    assert len(blocks) >= 6
    names = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    # Errors of a few tenths of km/s: ten of them.
    assert np.all(np.abs(names["found"]["VRAD"] - [-50, 0, 120]) < 5)
    assert 0.5 < np.std(names["offset"] / names["result"]["VRAD_ERR"]) < 2
