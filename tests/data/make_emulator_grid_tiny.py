#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make tests/data/emulator-grid-tiny.fits: random templates of 16 pixels on a grid with one hole, for unit tests.

One arm. ln T is a sum of a function of each label: enough to tell nodes and pixels apart. Synthetic, not for science.
"""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
import command_line  # noqa: E402
from emulator_file import Arm, Emulator, Grid, write_emulator  # noqa: E402

NAMES = ["teff", "logg", "feh", "alpha"]
AXES = [np.log10([4000.0, 4500.0, 5500.0]), np.array([1.0, 3.0, 4.5]), np.array([-2.0, 0.5]), np.array([0.0, 0.4])]
HOLE = (2, 0, 1, 1)
PIXELS = 16


def main(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=os.path.join(HERE, "emulator-grid-tiny.fits"))
    options = parser.parse_args(arguments)
    os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")  # 2026-01-01: made twice, the same bytes
    random = np.random.default_rng(21)
    sizes = [axis.size for axis in AXES]
    templates = np.zeros((*sizes, PIXELS))
    for j, size in enumerate(sizes):
        shape = [size if k == j else 1 for k in range(4)] + [PIXELS]
        templates = templates + random.normal(0, 0.2, (size, PIXELS)).reshape(shape)
    nodes = np.arange(templates[..., 0].size).reshape(sizes)
    hole = nodes[HOLE]
    templates = np.delete(templates.reshape(-1, PIXELS), hole, axis=0)
    nodes = np.where(nodes > hole, nodes - 1, np.where(nodes == hole, -1, nodes))
    log10 = np.array([True, False, False, False])
    arm = Arm("tiny_g", log10, np.zeros(4), np.ones(4), "LOG", np.log(5000.0), 1e-4, None, [], revision="tiny",
              soft_version="make_emulator_grid_tiny", grid=Grid(AXES, nodes, templates))
    lower, upper = (np.array([axis[k] for axis in AXES]) for k in (0, -1))
    write_emulator(Emulator(NAMES, np.round(arm.physical(lower), 6), np.round(arm.physical(upper), 6), [arm],
                            f"make_emulator_grid_tiny {command_line.TOOLS_VERSION}", "tiny", True,
                            history=[command_line.history_line("make_emulator_grid_tiny.py", arguments)]),
                   options.output)


if __name__ == "__main__":
    command_line.run(main)
