#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make tests/data/emulator-tiny.fits: a random smooth emulator with line-like features for unit tests.

Three arms that cover DESI's with room for |rv| <= 1500 km/s and vsini <= 500 km/s, about 480 pixels each, 4-16-8-N.
The domain is a box with one corner (hot and low gravity) cut off. Synthetic, not for science. Fixed seed.
"""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
import command_line  # noqa: E402
from emulator_file import Arm, Emulator, Layer, write_emulator  # noqa: E402

LIGHT_SPEED = 299792.458  # km/s
MARGIN = 1.0 + 2500.0 / LIGHT_SPEED
ARMS = {"desi_b": (3600.0, 5800.0, 500), "desi_r": (5760.0, 7620.0, 440), "desi_z": (7520.0, 9824.0, 440)}
NAMES = ["teff", "logg", "feh", "alpha"]
LOWER = np.array([4000.0, 0.5, -2.5, -0.2])
UPPER = np.array([8000.0, 5.0, 0.5, 0.6])
LOG10 = np.array([True, False, False, False])


def box_with_cut_corner():
    """Half-spaces of |x_i| <= 1 and (x_0 - x_1) / sqrt(2) <= 0.9: no hot stars of low gravity."""
    rows = []
    for i in range(len(NAMES)):
        for sign in (-1.0, 1.0):
            rows.append([sign if j == i else 0.0 for j in range(len(NAMES))] + [-1.0])
    return np.array(rows + [[np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0, -0.9]])


def make_arm(name, first, last, pixels, random):
    lower, upper = np.where(LOG10, np.log10(np.where(LOG10, [LOWER, UPPER], 1.0)), [LOWER, UPPER])
    first, last = np.log(first / MARGIN), np.log(last * MARGIN)
    j = np.arange(pixels)
    shapes = np.zeros((pixels, 8))  # ln T as eight line lists, each with its own smooth strength
    for k in range(8):
        for centre in random.uniform(0, pixels, 14):
            width = random.uniform(1.5, 3.0)
            shapes[:, k] -= random.uniform(0.03, 0.25) * np.exp(-0.5 * ((j - centre) / width) ** 2)
        shapes[:, k] += random.normal(0, 0.1) * (j / pixels - 0.5)
    layers = [Layer(random.normal(0, 0.6, (16, 4)), random.normal(0, 0.5, 16), "SILU"),
              Layer(random.normal(0, 0.6, (8, 16)), random.normal(0.8, 0.3, 8), "SILU"),
              Layer(shapes, 0.3 - 0.2 * j / pixels, "IDENTITY")]
    return Arm(name, LOG10, (upper + lower) / 2, (upper - lower) / 2, "LOG", first, (last - first) / (pixels - 1),
               box_with_cut_corner(), layers, revision="tiny", soft_version="make_emulator_tiny")


def main(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=os.path.join(HERE, "emulator-tiny.fits"))
    options = parser.parse_args(arguments)
    os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")  # 2026-01-01: made twice, the same bytes
    random = np.random.default_rng(20)
    arms = [make_arm(name, *shape, random) for name, shape in ARMS.items()]
    write_emulator(Emulator(NAMES, LOWER, UPPER, arms, f"make_emulator_tiny {command_line.TOOLS_VERSION}", "tiny", True,
                            history=[command_line.history_line("make_emulator_tiny.py", arguments)]), options.output)


if __name__ == "__main__":
    command_line.run(main)
