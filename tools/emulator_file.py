# SPDX-License-Identifier: MIT
"""Emulator files: write, read and evaluate them in NumPy. The format is defined in docs/emulator_file.md."""
import dataclasses
import datetime
import os

import numpy as np
from astropy.io import fits

from command_line import FITS_ERRORS, ToolError, replaced_file, strict_fits

FORMAT_VERSION = 1
UNITS = {"teff": "K", "logg": "dex", "feh": "dex", "alpha": "dex"}


@dataclasses.dataclass
class Layer:
    weight: np.ndarray  # (outputs, inputs)
    bias: np.ndarray  # (outputs)
    activation: str  # 'SILU', 'RELU', 'LEAKYRELU', 'SIGMOID', 'TANH', 'IDENTITY'
    slope: float = 0.01  # LEAKYRELU only


@dataclasses.dataclass
class Grid:
    axes: list  # of (nodes), in the scaled inputs
    nodes: np.ndarray  # (nodes of label 0, nodes of label 1, ..) row of the template, -1: none
    templates: np.ndarray  # (templates, pixels): ln T where output is 'EXP'


@dataclasses.dataclass
class Arm:
    name: str  # setup, for example 'desi_b'
    log10: np.ndarray  # (NPAR) bool
    offset: np.ndarray  # (NPAR)
    scale: np.ndarray  # (NPAR)
    grid_type: str  # 'LOG' or 'LINEAR'
    grid0: float  # ln(Angstrom) or Angstrom
    grid_step: float
    domain: np.ndarray  # (half-spaces, NPAR + 1), of a network
    layers: list  # of a network
    output: str = "EXP"
    revision: str = ""
    soft_version: str = ""
    lsf_sigma: float = None  # Angstrom
    grid: Grid = None  # instead of a network

    @property
    def pixels(self):
        return self.layers[-1].bias.size if self.grid is None else self.grid.templates.shape[1]

    def scaled(self, labels):
        """Network inputs x of physical labels (.., NPAR)."""
        labels = np.asarray(labels, float)
        log = np.log10(np.where(self.log10, labels, 1.0))
        return (np.where(self.log10, log, labels) - self.offset) / self.scale

    def physical(self, x):
        """Labels of network inputs x (.., NPAR): the inverse of `scaled`."""
        p = np.asarray(x, float) * self.scale + self.offset
        return np.where(self.log10, 10.0 ** np.where(self.log10, p, 0.0), p)

    def outside(self, x):
        """Distance outside the domain of inputs x (.., NPAR), 0 inside."""
        return np.maximum((np.asarray(x) @ self.domain[:, :-1].T + self.domain[:, -1]).max(-1), 0.0)

    def network(self, x):
        """The last layer's output of inputs x (.., NPAR): ln T where output is 'EXP'."""
        h = np.asarray(x, float)
        for layer in self.layers:
            h = activate(layer, h @ layer.weight.T.astype(float) + layer.bias)
        return h


@dataclasses.dataclass
class Emulator:
    names: list  # (NPAR)
    lower: np.ndarray  # (NPAR) physical
    upper: np.ndarray  # (NPAR)
    arms: list
    creator: str
    library: str
    synthetic: bool = False
    comments: list = dataclasses.field(default_factory=list)
    history: list = dataclasses.field(default_factory=list)


def activate(layer, z):
    with np.errstate(over="ignore"):
        return {"SILU": lambda: z / (1.0 + np.exp(-z)), "RELU": lambda: np.maximum(z, 0.0),
                "LEAKYRELU": lambda: np.where(z > 0, z, layer.slope * z),
                "SIGMOID": lambda: 1.0 / (1.0 + np.exp(-z)), "TANH": lambda: np.tanh(z),
                "IDENTITY": lambda: z}[layer.activation]()


def utc_now():
    """Now, or SOURCE_DATE_EPOCH if it is set, so that a file can be made twice the same."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = (datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch
           else datetime.datetime.now(datetime.timezone.utc))
    return now.strftime("%Y-%m-%dT%H:%M:%S")


def write_emulator(emulator, path):
    """Write `path` in the format of docs/emulator_file.md, through a temporary name."""
    hdus = fits.HDUList([_primary_hdu(emulator), _parameters_hdu(emulator)])
    for arm in emulator.arms:
        hdus.extend(_arm_hdus(emulator, arm))
    for hdu in hdus:
        hdu.add_checksum(when=f"of {utc_now()}")
    with replaced_file(path) as temporary:
        hdus.writeto(temporary, overwrite=True)


def _primary_hdu(emulator):
    hdu = fits.PrimaryHDU()
    h = hdu.header
    h["RVFITFMT"] = ("EMULATOR", "rvfit file type")
    h["RVFITVER"] = (FORMAT_VERSION, "format version")
    h["NPAR"] = (len(emulator.names), "number of labels")
    h["NARM"] = (len(emulator.arms), "number of arms")
    for a, arm in enumerate(emulator.arms):
        h[f"ARM{a}"] = (arm.name, "setup name")
    h["CREATOR"] = (emulator.creator, "tool and version")
    h["LIBRARY"] = (emulator.library, "template library")
    h["DATE"] = (utc_now(), "UTC")
    if emulator.synthetic:
        h["SYNTH"] = (True, "synthetic, not for science")
        h["COMMENT"] = "synthetic, not for science"
    for line in emulator.comments:
        h["COMMENT"] = line
    for line in emulator.history:
        h["HISTORY"] = line
    return hdu


def _parameters_hdu(emulator):
    return fits.BinTableHDU.from_columns([
        fits.Column("NAME", "16A", array=np.array(emulator.names)),
        fits.Column("UNIT", "8A", array=np.array([UNITS.get(name, "") for name in emulator.names])),
        fits.Column("LOWER", "1D", array=np.asarray(emulator.lower, float)),
        fits.Column("UPPER", "1D", array=np.asarray(emulator.upper, float))], name="PARAMETERS")


def _arm_hdus(emulator, arm):
    prefix = arm.name.upper()
    table = fits.BinTableHDU.from_columns([
        fits.Column("NAME", "16A", array=np.array(emulator.names)),
        fits.Column("LOG10", "1L", array=np.asarray(arm.log10, bool)),
        fits.Column("OFFSET", "1D", array=np.asarray(arm.offset, float)),
        fits.Column("SCALE", "1D", array=np.asarray(arm.scale, float))], name=f"{prefix}_INPUT")
    h = table.header
    log = arm.grid_type == "LOG"
    h["GRIDTYPE"] = (arm.grid_type, "uniform in ln(wavelength) or wavelength")
    h["GRID0"] = (float(arm.grid0), "first pixel, ln(Angstrom)" if log else "[Angstrom] first pixel")
    h["GRIDSTEP"] = (float(arm.grid_step), "step")
    h["GRIDSIZE"] = (arm.pixels, "pixels")
    h["OUTPUT"] = (arm.output, "EXP: template = exp(last layer or grid)")
    h["LIBTYPE"] = ("NETWORK" if arm.grid is None else "GRID", "kind of library")
    if arm.grid is None:
        h["NLAYER"] = (len(arm.layers), "layers")
    h["REVISION"] = (arm.revision, "revision of the library")
    h["SOFTVER"] = (arm.soft_version, "software that made the library")
    if arm.lsf_sigma is not None:
        h["LSFSIGMA"] = (float(arm.lsf_sigma), "[Angstrom] line spread in the templates")
    return [table, *(_network_hdus(prefix, arm) if arm.grid is None else _grid_hdus(prefix, arm.grid))]


def _grid_hdus(prefix, grid):
    axes = [fits.ImageHDU(np.asarray(axis, np.float64), name=f"{prefix}_AXIS{j}") for j, axis in enumerate(grid.axes)]
    return [*axes, fits.ImageHDU(np.asarray(grid.nodes, np.int32), name=f"{prefix}_NODES"),
            fits.ImageHDU(np.asarray(grid.templates, np.float32), name=f"{prefix}_TEMPLATES")]


def _network_hdus(prefix, arm):
    hdus = [fits.ImageHDU(np.asarray(arm.domain, np.float64), name=f"{prefix}_DOMAIN")]
    for k, layer in enumerate(arm.layers):
        weight = fits.ImageHDU(np.asarray(layer.weight, np.float32), name=f"{prefix}_W{k}")
        weight.header["ACTIV"] = (layer.activation, "applied after the layer")
        if layer.activation == "LEAKYRELU":
            weight.header["SLOPE"] = (float(layer.slope), "slope below zero")
        hdus += [weight, fits.ImageHDU(np.asarray(layer.bias, np.float32), name=f"{prefix}_B{k}")]
    return hdus


def read_emulator(path):
    """Read an emulator file that one of these tools wrote. (The strict reader is rvfit's own.)"""
    try:
        with strict_fits(path) as hdus:
            h = hdus[0].header
            if h.get("RVFITFMT") != "EMULATOR" or h.get("RVFITVER") != FORMAT_VERSION:
                raise ToolError(f"{path}: expected an rvfit emulator file of version {FORMAT_VERSION} "
                                "(RVFITFMT = 'EMULATOR')")
            table = hdus["PARAMETERS"].data
            return Emulator([str(name).strip() for name in table["NAME"]], table["LOWER"].astype(float),
                            table["UPPER"].astype(float), [_read_arm(hdus, h[f"ARM{a}"]) for a in range(h["NARM"])],
                            h["CREATOR"], h["LIBRARY"], bool(h.get("SYNTH", False)))
    except (*FITS_ERRORS, KeyError) as error:
        raise ToolError(f"{path}: expected an rvfit emulator file ({error})") from None


def _read_arm(hdus, name):
    prefix = name.upper()
    hdu = hdus[f"{prefix}_INPUT"]
    h = hdu.header
    layers, domain, grid = [], None, None
    if h.get("LIBTYPE") == "GRID":
        axes = [hdus[f"{prefix}_AXIS{j}"].data.astype(float) for j in range(len(hdu.data))]
        grid = Grid(axes, hdus[f"{prefix}_NODES"].data.astype(int),
                    hdus[f"{prefix}_TEMPLATES"].data.astype(np.float32))
    else:
        domain = hdus[f"{prefix}_DOMAIN"].data.astype(float)
        for k in range(h["NLAYER"]):
            weight = hdus[f"{prefix}_W{k}"]
            layers.append(Layer(weight.data.astype(np.float32), hdus[f"{prefix}_B{k}"].data.astype(np.float32),
                                weight.header["ACTIV"], weight.header.get("SLOPE", 0.01)))
    return Arm(name, hdu.data["LOG10"].astype(bool), hdu.data["OFFSET"].astype(float),
               hdu.data["SCALE"].astype(float), h["GRIDTYPE"], h["GRID0"], h["GRIDSTEP"],
               domain, layers, h["OUTPUT"], h["REVISION"], h["SOFTVER"], h.get("LSFSIGMA"), grid)
