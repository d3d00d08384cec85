# SPDX-License-Identifier: MIT
"""Template libraries as emulator files: build them from arrays, write, read and evaluate them, in NumPy.

The file format, and a complete example of both kinds of library, are in docs/emulator_file.md. A library is an
`Emulator`: labels with their box, and for each spectrograph arm an `Arm` with either a dense network (`Layer`) or
templates on a regular grid of labels (`Grid`). Below, NPAR is the number of labels, N the number of pixels of an arm,
and x are scaled labels, x = ((log10 of p, or p) - offset) / scale for a label p in its own unit.

What `__all__` names is a stable interface: as long as FORMAT_VERSION is 1, names, arguments and fields keep their place
and meaning, and new ones come last and have defaults. What begins with an underscore may change at any time.
"""
import dataclasses
import datetime
import os

import numpy as np
from astropy.io import fits

from command_line import FITS_ERRORS, ToolError, replaced_file, strict_fits

__all__ = ["FORMAT_VERSION", "Arm", "Emulator", "Grid", "Layer", "ToolError", "box_domain", "read_emulator",
           "write_emulator"]

FORMAT_VERSION = 1  # of the files that are written and read: RVFITVER
_UNITS = {"teff": "K", "logg": "dex", "feh": "dex", "alpha": "dex"}
_MOST_LABELS, _MOST_GRID_LABELS, _LEAST_PIXELS = 10, 6, 8  # limits of rvfit's reader


@dataclasses.dataclass
class Layer:
    """One dense layer of a network, out = activation(weight @ in + bias).

    The first layer of a network has NPAR inputs, the last N outputs.
    """

    weight: np.ndarray
    """(outputs, inputs), stored as float32."""
    bias: np.ndarray
    """(outputs), stored as float32."""
    activation: str
    """'SILU', 'RELU', 'LEAKYRELU', 'SIGMOID', 'TANH' or 'IDENTITY'."""
    slope: float = 0.01
    """Slope of 'LEAKYRELU' below zero; the others have none."""


@dataclasses.dataclass
class Grid:
    """Templates at the nodes of a regular grid of labels; a node without a template is a hole."""

    axes: list
    """For each label, at most 6 of them, its nodes in scaled labels x: at least 2, increasing, of any spacing."""
    nodes: np.ndarray
    """(nodes of label 0, nodes of label 1, ..) integers: the node's row of `templates`, or -1 for a hole."""
    templates: np.ndarray
    """(templates, N), stored as float32: ln T where the arm's output is 'EXP', else T. Each belongs to one node."""


@dataclasses.dataclass
class Arm:
    """The library of one spectrograph arm: a network (`domain` and `layers`) or a grid (`grid`).

    Pixel j is at ln(wavelength) = grid0 + j grid_step. Wavelengths are in Angstrom, in vacuum or in air as `medium` says.
    """

    name: str
    """Name of the arm, for example 'desi_b'; the programs and the spectra call it so."""
    log10: np.ndarray
    """(NPAR) bool: x is made of log10 of the label."""
    offset: np.ndarray
    """(NPAR) of x, in units of the label or of its log10."""
    scale: np.ndarray
    """(NPAR) of x, positive, in the same units."""
    grid_type: str
    """'LOG', the only one: uniform in ln(wavelength)."""
    grid0: float
    """ln(wavelength / Angstrom) of the first pixel."""
    grid_step: float
    """Step in ln(wavelength) from pixel to pixel, positive."""
    domain: np.ndarray
    """(half-spaces, NPAR + 1) of a network, rows n_1 .. n_NPAR, offset: x is outside where n . x + offset > 0 for any
    row; n has unit length. `box_domain` makes that of a box. None for a grid, whose domain are its complete cells."""
    layers: list
    """Layers of a network, the first one first; empty for a grid."""
    output: str = "EXP"
    """'EXP': the last layer or the grid gives ln T; 'LINEAR': T itself."""
    revision: str = ""
    """The library's revision, repeated in tables of results."""
    soft_version: str = ""
    """Software that made the library, repeated in tables of results."""
    lsf_sigma: float = None
    """Sigma of the Gaussian line spread that the templates have already [Angstrom]; None: not told."""
    grid: Grid = None
    """Templates on a grid, instead of a network."""
    medium: str = None
    """'VACUUM' or 'AIR': what wavelengths are measured in, so that spectra in the other are converted; None: not told."""
    normalization: str = None
    """What templates are divided by: 'NONE', 'MEDIAN' or 'CONTINUUM'; None: not told."""
    lsf: np.ndarray = None
    """(points, 2) wavelength, increasing, and sigma of the line spread that the templates have there, both in Angstrom,
    where `lsf_sigma` is not the same everywhere; None: not told."""

    @property
    def pixels(self):
        """N."""
        return self.layers[-1].bias.size if self.grid is None else self.grid.templates.shape[1]

    def wave(self):
        """Wavelengths of the pixels (N) [Angstrom]."""
        return np.exp(self.grid0 + self.grid_step * np.arange(self.pixels))

    def scaled(self, labels):
        """x (.., NPAR) of labels (.., NPAR) in their own units."""
        labels = np.asarray(labels, float)
        log = np.log10(np.where(self.log10, labels, 1.0))
        return (np.where(self.log10, log, labels) - self.offset) / self.scale

    def physical(self, x):
        """Labels (.., NPAR) in their own units of x (.., NPAR): the inverse of `scaled`."""
        p = np.asarray(x, float) * self.scale + self.offset
        return np.where(self.log10, 10.0 ** np.where(self.log10, p, 0.0), p)

    def outside(self, x):
        """Distance (..) of x (.., NPAR) from the domain of a network, 0 inside."""
        return np.maximum((np.asarray(x) @ self.domain[:, :-1].T + self.domain[:, -1]).max(-1), 0.0)

    def network(self, x):
        """Output (.., N) of a network's last layer for x (.., NPAR), in double: ln T where output is 'EXP'."""
        h = np.asarray(x, float)
        for layer in self.layers:
            h = _activate(layer, h @ layer.weight.T.astype(float) + layer.bias)
        return h


@dataclasses.dataclass
class Emulator:
    """A template library: labels and arms."""

    names: list
    """(NPAR) labels, at most 10. 'teff', 'logg', 'feh' and 'alpha' have rvspecfit's columns in tables of results."""
    lower: np.ndarray
    """(NPAR) lower edge of the box around the domain of all arms, in the labels' own units (teff in K)."""
    upper: np.ndarray
    """(NPAR) upper edge."""
    arms: list
    """Arms, at least one, of different names."""
    creator: str
    """Tool and version that wrote the file."""
    library: str
    """Name of the template library."""
    synthetic: bool = False
    """True: not for science; tables of results say so, too."""
    comments: list = dataclasses.field(default_factory=list)
    """Lines of COMMENT."""
    history: list = dataclasses.field(default_factory=list)
    """Lines of HISTORY, for example the command line."""
    units: list = None
    """(NPAR) units of the labels; None: K for teff, dex for logg, feh and alpha, none for others."""
    instrument: str = ""
    """The instrument that templates are seen with."""
    instrument_source: str = ""
    """Source of its figures."""


def box_domain(lower, upper):
    """Half-spaces (2 NPAR, NPAR + 1) of the box lower <= x <= upper, (NPAR) each, in scaled labels."""
    lower, upper = np.asarray(lower, float), np.asarray(upper, float)
    axes = np.eye(lower.size)
    return np.block([[-axes, lower[:, None]], [axes, -upper[:, None]]])


def write_emulator(emulator, path):
    """Write an `Emulator` to `path` in the format of docs/emulator_file.md, through a temporary name.

    Raises ToolError, one line that names the arm and both extents, where rvfit would refuse the file, or where it
    cannot be written; nothing is left of it then.
    """
    _require_consistent(emulator)
    hdus = fits.HDUList([_primary_hdu(emulator), _parameters_hdu(emulator)])
    for arm in emulator.arms:
        hdus.extend(_arm_hdus(emulator, arm))
    for hdu in hdus:
        hdu.add_checksum(when=f"of {_utc_now()}")
    with replaced_file(path) as temporary:
        hdus.writeto(temporary, overwrite=True)


def _require(condition, *message):
    if not condition:
        raise ToolError(" ".join(map(str, message)))


def _require_finite(what, *arrays):
    finite = all(np.all(np.isfinite(np.asarray(array, float))) for array in arrays)
    _require(finite, what, "has a number that is not finite")


def _require_consistent(emulator):
    """Raise ToolError for what docs/emulator_file.md says a reader must refuse."""
    count = len(emulator.names)
    _require(0 < count <= _MOST_LABELS, "emulator:", count, "labels, expected 1 to", _MOST_LABELS)
    _require(len(set(emulator.names)) == count, "emulator: a label is named twice")
    units = emulator.names if emulator.units is None else emulator.units
    for what, values in [("lower", emulator.lower), ("upper", emulator.upper), ("units", units)]:
        _require(len(values) == count, f"emulator: {what} has", len(values), "entries, expected", count)
    _require_finite("emulator: lower or upper", emulator.lower, emulator.upper)
    _require(np.all(np.less(emulator.lower, emulator.upper)), "emulator: lower is not below upper")
    _require(emulator.arms, "emulator: no arms")
    names = [arm.name.upper() for arm in emulator.arms]
    _require(len(set(names)) == len(names), "emulator: an arm is named twice")
    for arm in emulator.arms:
        for what, values in [("log10", arm.log10), ("offset", arm.offset), ("scale", arm.scale)]:
            _require(np.shape(values) == (count,), f"{arm.name}: {what} is", np.shape(values), "expected", (count,))
        _require_finite(f"{arm.name}: offset, scale or wavelengths", arm.offset, arm.scale, [arm.grid0, arm.grid_step])
        _require(np.all(np.asarray(arm.scale) > 0), f"{arm.name}: scale is not positive")
        _require(np.all(np.asarray(emulator.lower)[np.asarray(arm.log10, bool)] > 0),
                 f"{arm.name}: log10 of a label whose lower edge is not positive")
        _require(arm.grid_type == "LOG", f"{arm.name}: grid_type is", arm.grid_type, "expected LOG")
        _require(arm.grid_step > 0, f"{arm.name}: grid_step is", arm.grid_step, "expected a positive one")
        _require(arm.output in ("EXP", "LINEAR"), f"{arm.name}: output is", arm.output)
        _require(arm.medium in (None, "VACUUM", "AIR"), f"{arm.name}: medium is", arm.medium, "expected VACUUM or AIR")
        _require(arm.normalization in (None, "NONE", "MEDIAN", "CONTINUUM"), f"{arm.name}: normalization is",
                 arm.normalization, "expected NONE, MEDIAN or CONTINUUM")
        if arm.lsf is not None:
            _require_spread(arm)
        (_require_network if arm.grid is None else _require_grid)(arm, count)
        _require(arm.pixels >= _LEAST_PIXELS, f"{arm.name}:", arm.pixels, "pixels, expected at least", _LEAST_PIXELS)


def _require_spread(arm):
    shape = np.shape(arm.lsf)
    _require(len(shape) == 2 and shape[0] > 0 and shape[1] == 2, f"{arm.name}: lsf is", shape, "expected (points, 2)")
    _require_finite(f"{arm.name}: lsf", arm.lsf)
    wave, sigma = np.transpose(arm.lsf)
    _require(np.all(np.diff(wave) > 0) and np.all(sigma >= 0), f"{arm.name}: lsf, expected wavelengths that increase and "
             "sigmas that are not negative")


def _require_network(arm, count):
    _require(len(arm.layers) > 0, f"{arm.name}: a network without layers, and no grid")
    width = count
    for k, layer in enumerate(arm.layers):
        weight, bias = np.shape(layer.weight), np.shape(layer.bias)
        _require(len(weight) == 2 and weight[1] == width, f"{arm.name}: weight of layer {k} is", weight,
                 "expected (outputs,", f"{width})")
        _require(bias == weight[:1], f"{arm.name}: bias of layer {k} is", bias, "expected", weight[:1])
        _require(layer.activation in _ACTIVATIONS, f"{arm.name}: activation of layer {k} is", layer.activation)
        _require_finite(f"{arm.name}: layer {k}", layer.weight, layer.bias)
        width = weight[0]
    domain = np.shape(arm.domain)
    _require(len(domain) == 2 and domain[0] > 0 and domain[1] == count + 1, f"{arm.name}: domain is", domain,
             "expected (half-spaces,", f"{count + 1})")
    _require_finite(f"{arm.name}: domain", arm.domain)


def _require_grid(arm, count):
    _require(len(arm.grid.axes) == count <= _MOST_GRID_LABELS, f"{arm.name}: a grid of", len(arm.grid.axes),
             "axes, expected", count, "and at most", _MOST_GRID_LABELS)
    for j, axis in enumerate(arm.grid.axes):
        _require(np.ndim(axis) == 1 and np.size(axis) > 1 and np.all(np.diff(axis) > 0),
                 f"{arm.name}: axis {j}, expected at least 2 numbers that increase")
        _require_finite(f"{arm.name}: axis {j}", axis)
    extents = tuple(map(len, arm.grid.axes))
    nodes = np.shape(arm.grid.nodes)
    _require(nodes == extents, f"{arm.name}: nodes are", nodes, "expected", extents)
    _require(np.ndim(arm.grid.templates) == 2, f"{arm.name}: templates are", np.shape(arm.grid.templates),
             "expected (templates, pixels)")
    used = np.sort(np.asarray(arm.grid.nodes)[np.asarray(arm.grid.nodes) != -1])
    _require(np.array_equal(used, np.arange(len(arm.grid.templates))),
             f"{arm.name}: each of the {len(arm.grid.templates)} templates must be at one node")
    there = np.asarray(arm.grid.nodes) >= 0
    for j in range(count):
        there = np.logical_and(there.take(range(extents[j] - 1), j), there.take(range(1, extents[j]), j))
    _require(np.any(there), f"{arm.name}: no cell of the grid has a template at every corner")
    _require_finite(f"{arm.name}: templates", arm.grid.templates)


_ACTIVATIONS = {"SILU": lambda z, slope: z / (1.0 + np.exp(-z)), "RELU": lambda z, slope: np.maximum(z, 0.0),
                "LEAKYRELU": lambda z, slope: np.where(z > 0, z, slope * z),
                "SIGMOID": lambda z, slope: 1.0 / (1.0 + np.exp(-z)), "TANH": lambda z, slope: np.tanh(z),
                "IDENTITY": lambda z, slope: z}


def _activate(layer, z):
    with np.errstate(over="ignore"):
        return _ACTIVATIONS[layer.activation](z, layer.slope)


def _utc_now():
    """Now, or SOURCE_DATE_EPOCH if it is set, so that a file can be made twice the same."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = (datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch
           else datetime.datetime.now(datetime.timezone.utc))
    return now.strftime("%Y-%m-%dT%H:%M:%S")


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
    if emulator.instrument:
        h["INSTRUME"] = (emulator.instrument, "instrument")
    if emulator.instrument_source:
        h["INSTSRC"] = (emulator.instrument_source, "its source")
    h["DATE"] = (_utc_now(), "UTC")
    if emulator.synthetic:
        h["SYNTH"] = (True, "synthetic, not for science")
        h["COMMENT"] = "synthetic, not for science"
    for line in emulator.comments:
        h["COMMENT"] = line
    for line in emulator.history:
        h["HISTORY"] = line
    return hdu


def _parameters_hdu(emulator):
    units = [_UNITS.get(name, "") for name in emulator.names] if emulator.units is None else emulator.units
    return fits.BinTableHDU.from_columns([
        fits.Column("NAME", "16A", array=np.array(emulator.names)),
        fits.Column("UNIT", "8A", array=np.array(units)),
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
    h["GRIDTYPE"] = (arm.grid_type, "LOG: uniform in ln(wavelength)")
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
    if arm.medium is not None:
        h["MEDIUM"] = (arm.medium, "wavelengths are in vacuum or in air")
    if arm.normalization is not None:
        h["NORM"] = (arm.normalization, "templates are divided by it")
    spread = [] if arm.lsf is None else [_spread_hdu(prefix, arm.lsf)]
    return [table, *(_network_hdus(prefix, arm) if arm.grid is None else _grid_hdus(prefix, arm.grid)), *spread]


def _spread_hdu(prefix, lsf):
    wave, sigma = np.asarray(lsf, float).T
    return fits.BinTableHDU.from_columns([fits.Column("WAVE", "1D", "Angstrom", array=wave),
                                          fits.Column("SIGMA", "1D", "Angstrom", array=sigma)], name=f"{prefix}_LSF")


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
    """Read an emulator file that `write_emulator` wrote. (The strict reader is rvfit's own.)

    Comments and history are left out. Raises ToolError, one line, where the file is damaged or another.
    """
    try:
        with strict_fits(path) as hdus:
            h = hdus[0].header
            if h.get("RVFITFMT") != "EMULATOR" or h.get("RVFITVER") != FORMAT_VERSION:
                raise ToolError(f"{path}: expected an rvfit emulator file of version {FORMAT_VERSION} "
                                "(RVFITFMT = 'EMULATOR')")
            table = hdus["PARAMETERS"].data
            return Emulator([str(name).strip() for name in table["NAME"]], table["LOWER"].astype(float),
                            table["UPPER"].astype(float), [_read_arm(hdus, h[f"ARM{a}"]) for a in range(h["NARM"])],
                            h["CREATOR"], h["LIBRARY"], bool(h.get("SYNTH", False)),
                            units=[str(unit).strip() for unit in table["UNIT"]], instrument=h.get("INSTRUME", ""),
                            instrument_source=h.get("INSTSRC", ""))
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
    lsf = None
    if f"{prefix}_LSF" in hdus:
        spread = hdus[f"{prefix}_LSF"].data
        lsf = np.column_stack([spread["WAVE"], spread["SIGMA"]]).astype(float)
    return Arm(name, hdu.data["LOG10"].astype(bool), hdu.data["OFFSET"].astype(float),
               hdu.data["SCALE"].astype(float), h["GRIDTYPE"], h["GRID0"], h["GRIDSTEP"],
               domain, layers, h["OUTPUT"], h["REVISION"], h["SOFTVER"], h.get("LSFSIGMA"), grid, h.get("MEDIUM"),
               h.get("NORM"), lsf)
