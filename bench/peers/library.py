#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""library.py EMULATOR.fits FOLDER: templates of an emulator on a regular grid of labels, as rvspecfit's tools keep them.

Writes FOLDER/specs_<arm>.h5, which rvs_make_nd and rvs_make_ccf go on from, and FOLDER/setups: a line `ARM FIRST LAST STEP` for each arm,
wavelengths in Angstrom. rvspecfit's own module writes the files.
"""
import itertools
import os
import sys

import numpy as np
from rvspecfit import serializer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
from emulator_file import read_emulator  # noqa: E402

# Part of the emulator's box, in steps of libraries in use: 625 templates. (rvspecfit 0.9.0 cannot store axes of different
# lengths with a NumPy of today.)
AXES = {"teff": 5000.0 + 250.0 * np.arange(5), "logg": 3.0 + 0.5 * np.arange(5), "feh": -1.5 + 0.5 * np.arange(5),
        "alpha": -0.2 + 0.2 * np.arange(5)}


def main(emulator_file, folder):
    emulator = read_emulator(emulator_file)
    labels = np.array(list(itertools.product(*(AXES[name] for name in emulator.names)))).T
    with open(os.path.join(folder, "setups"), "w", encoding="ascii") as setups:
        for arm in emulator.arms:
            wave = arm.wave()
            serializer.save_dict_to_hdf5(os.path.join(folder, f"specs_{arm.name}.h5"), {
                "specs": arm.network(arm.scaled(labels.T)), "vec": labels, "lam": wave, "parnames": list(emulator.names),
                "git_rev": "", "mapper_module": "rvspecfit.read_grid", "mapper_class_name": "LogParamMapper",
                "mapper_args": ([emulator.names.index("teff")],), "revision": emulator.library, "cmdline": "",
                "lognorms": np.zeros(labels.shape[1]), "log_step": True, "log_spec": True})
            # Cross-correlations leave out the margins of the templates, into which stars only move.
            print(arm.name, wave[0] * 1.004, wave[-1] / 1.004, 0.5 * (wave[-1] - wave[0]) / wave.size, file=setups)
    print(f"{labels.shape[1]} templates of {len(emulator.arms)} arms")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
