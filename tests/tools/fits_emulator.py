# SPDX-License-Identifier: MIT
"""Evaluate one arm of an emulator file straight from its HDUs, in double, as docs/emulator_file.md says."""
import numpy as np
from astropy.io import fits

ACTIVATIONS = {
    "SILU": lambda z, slope: z / (1 + np.exp(-z)), "RELU": lambda z, slope: np.maximum(z, 0),
    "LEAKYRELU": lambda z, slope: np.where(z > 0, z, slope * z), "SIGMOID": lambda z, slope: 1 / (1 + np.exp(-z)),
    "TANH": lambda z, slope: np.tanh(z), "IDENTITY": lambda z, slope: z}


class FitsArm:
    def __init__(self, path, setup):
        with fits.open(path, memmap=False, checksum=True) as hdus:
            self.arm = {hdu.name: hdu.copy() for hdu in hdus if hdu.name.startswith(setup.upper() + "_")}
            self.primary = hdus[0].header.copy()
            self.parameters = hdus["PARAMETERS"].data.copy()
        self.prefix = setup.upper()
        self.header = self.hdu("INPUT").header

    def hdu(self, name):
        return self.arm[f"{self.prefix}_{name}"]

    def scaled(self, labels):
        table = self.hdu("INPUT").data
        columns = [np.log10(p) if log else p for p, log in zip(np.asarray(labels, float).T, table["LOG10"])]
        return (np.array(columns).T - table["OFFSET"]) / table["SCALE"]

    def last_layer(self, x):
        h = x
        for k in range(self.header["NLAYER"]):
            weight = self.hdu(f"W{k}")
            z = h @ weight.data.astype(float).T + self.hdu(f"B{k}").data
            h = ACTIVATIONS[weight.header["ACTIV"]](z, weight.header.get("SLOPE"))
        return h

    def template(self, x):
        assert self.header["OUTPUT"] == "EXP"
        return np.exp(self.last_layer(x))

    def distance(self, x):
        rows = self.hdu("DOMAIN").data
        return (x @ rows[:, :-1].T + rows[:, -1]).max(-1)

    def wave(self):
        grid = self.header["GRID0"] + self.header["GRIDSTEP"] * np.arange(self.header["GRIDSIZE"])
        return np.exp(grid) if self.header["GRIDTYPE"] == "LOG" else grid
