#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turn an rvspecfit template library, network, grid or triangulation, into one rvfit emulator file (docs/emulator_file.md).

    import_rvspecfit.py LIBRARY --setups desi_b,desi_r,desi_z --output E.fits

LIBRARY is the folder with interp_<setup>.h5 and the networks' state files, or interpdat_<setup>.npy of a regular grid or of a
triangulation whose points form a grid, holes included: it becomes a grid, equal to it at the points.
Batch norm that follows a non-linearity is folded into the next layer, exactly; whatever cannot be imported is refused
by name. Debian: python3-h5py
python3-torch python3-astropy python3-scipy.
"""
import os
import sys

try:
    import h5py
    import numpy as np
    import scipy.spatial
    import torch

    import command_line
    from command_line import ToolError
    from emulator_file import Arm, Emulator, Grid, Layer, write_emulator
    from label_domain import hull_domain
except ImportError as missing:
    print(f"import_rvspecfit.py: error: {missing} "
          "(Debian: python3-h5py, python3-torch, python3-astropy, python3-scipy)", file=sys.stderr)
    sys.exit(2)

SERIALIZER_VERSION = 1
CHECKPOINT_MAGIC = "rvspecfit.nn_interpolator"
CHECKPOINT_VERSION = 1
ARCHITECTURE_VERSION = 1
BATCH_NORM_EPS = 1e-5  # torch's default, which the reference uses; it is not in the state file
GRID_TOLERANCE = 1e-6  # of a pixel
ACTIVATIONS = {"SiLU": "SILU", "ReLU": "RELU", "LeakyReLU": "LEAKYRELU", "Sigmoid": "SIGMOID", "Tanh": "TANH",
               "Identity": "IDENTITY"}
MAX_GRID_LABELS, MAX_NODES = 6, 1000000
PERTURBATION = 1e-6  # by which rvspecfit moves the points that it triangulates
GRID_CLASSES = {"mapper_module": "rvspecfit.read_grid", "mapper_class_name": "LogParamMapper"}
EXPECTED_CLASSES = {
    "module": "rvspecfit.nn.RVSInterpolator", "class_name": "RVSInterpolator",
    "outside_class_name": "OutsideInterpolator",
    "mapper_module": "rvspecfit.nn.NNInterpolator", "mapper_class_name": "Mapper"}


class Description:
    """interp_<setup>.h5: nested dictionaries with a 'type' attribute on each dataset; get() knows file and key."""

    def __init__(self, path):
        if not os.path.isfile(path):
            raise ToolError(f"{path}: no such file, expected the description of a template library")
        self.path = path
        try:
            with h5py.File(path, "r") as file:
                version = file.attrs.get("version")
                if version != SERIALIZER_VERSION:
                    raise ToolError(f"{path}: serializer version {version}, expected {SERIALIZER_VERSION}")
                self.content = self._group(file)
        except (OSError, RuntimeError) as error:
            raise ToolError(f"{path}: expected an HDF5 file that can be read ({error})") from None

    def _group(self, group):
        content = {key: self._group(item) if isinstance(item, h5py.Group) else self._dataset(key, item)
                   for key, item in group.items() if key != "triang"}  # a pickled object, which is not needed
        if group.attrs.get("type") in ("flattened_tuple", "flattened_list"):
            return [content[f"__item_{i}"] for i in range(len(content))]
        return content

    def _dataset(self, key, item):
        kind = item.attrs.get("type")
        value = item[()]
        if kind == "None":
            return None
        if kind == "str":
            return value.decode() if isinstance(value, bytes) else str(value)
        if kind in ("list", "tuple", "ndarray", "scalar", "empty_array"):
            return value.astype(str) if getattr(value, "dtype", None) == object else value
        raise ToolError(f"{self.path}: {key} is stored as type '{kind}', which is not supported")

    def get(self, *keys):
        value = self.content
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise ToolError(f"{self.path}: has no '{'/'.join(keys)}'")
            value = value[key]
        return value

    def array(self, *keys):
        try:
            value = np.asarray(self.get(*keys), float)
        except (TypeError, ValueError):
            raise ToolError(f"{self.path}: {'/'.join(keys)} expected numbers") from None
        if not np.all(np.isfinite(value)):
            raise ToolError(f"{self.path}: {'/'.join(keys)} has numbers that are not finite")
        return value

    def integer(self, *keys):
        value = self.array(*keys)
        if value.size != 1 or value.item() != int(value.item()) or value.item() < 0:
            raise ToolError(f"{self.path}: {'/'.join(keys)} expected an integer of at least 0")
        return int(value.item())


def kind_of(description):
    """Kind of a library: 'generic' for a network, 'regulargrid' or 'triangulation'. Refuses all but rvspecfit's own classes."""
    content, path = description.content, description.path
    kind = content.get("interpolation_type", "regulargrid" if "regular" in content else None)
    if kind not in ("generic", "regulargrid", "triangulation"):
        raise ToolError(f"{path}: interpolation_type '{kind}', expected 'generic', 'regulargrid' or 'triangulation'")
    for key, expected in (EXPECTED_CLASSES if kind == "generic" else GRID_CLASSES).items():
        if description.get(key) != expected:
            raise ToolError(f"{path}: {key} '{description.get(key)}', expected '{expected}'")
    if kind == "generic" and not bool(content.get("log_spec", True)):
        raise ToolError(f"{path}: log_spec is False, expected a network that gives the logarithm of the spectrum")
    return kind


def read_wavelengths(description):
    """Type, start and step of the wavelength grid, which must be uniform."""
    wave = description.array("lam")
    if not description.get("log_step"):
        raise ToolError(f"{description.path}: wavelengths expected uniform in ln(wavelength) (log_step), found linear ones")
    if wave.ndim != 1 or wave.size < 2 or np.any(wave <= 0):
        raise ToolError(f"{description.path}: lam expected at least two positive wavelengths")
    grid = np.log(wave)
    step = (grid[-1] - grid[0]) / (grid.size - 1)
    worst = np.abs(grid - (grid[0] + step * np.arange(grid.size))).max()
    if not step > 0 or worst > GRID_TOLERANCE * step:
        raise ToolError(f"{description.path}: lam expected a grid uniform in "
                        f"ln(wavelength), found one that is off by {worst / abs(step) if step else np.inf:.2g} pixels")
    return "LOG", grid[0], step, grid.size


def read_mapper(description, npar):
    """Which inputs are log10, and offset and scale of each."""
    arguments = description.get("mapper_args")
    path = description.path
    if not isinstance(arguments, list) or len(arguments) not in (2, 3):
        raise ToolError(f"{path}: mapper_args expected (offset, scale, log_ids)")
    offset, scale = (np.asarray(argument, float) for argument in arguments[:2])
    log_ids = np.asarray(arguments[2] if len(arguments) == 3 else [0]).astype(int).ravel()
    if offset.shape != (npar,) or scale.shape != (npar,) or np.any((log_ids < 0) | (log_ids >= npar)):
        raise ToolError(f"{path}: mapper_args expected offset and scale of {npar} labels and log_ids among them")
    if not (np.all(np.isfinite(offset)) and np.all(np.isfinite(scale)) and np.all(scale > 0)):
        raise ToolError(f"{path}: mapper_args expected finite offsets and positive scales")
    log10 = np.zeros(npar, bool)
    log10[log_ids] = True
    return log10, offset, scale


def read_log_labels(description, npar):
    """Which labels of a grid are log10."""
    arguments = description.get("mapper_args")
    log_ids = np.asarray(arguments[0] if len(arguments) == 1 else [npar]).astype(int).ravel()
    if np.any((log_ids < 0) | (log_ids >= npar)):
        raise ToolError(f"{description.path}: mapper_args expected log_ids among {npar} labels")
    log10 = np.zeros(npar, bool)
    log10[log_ids] = True
    return log10


def read_nodes(description, npar):
    """Axes of a grid, and the row of each node's spectrum, -1 where there is none."""
    path = description.path
    axes = [np.asarray(axis, float).ravel() for axis in description.get("uvecs")]
    if len(axes) != npar or npar > MAX_GRID_LABELS:
        raise ToolError(f"{path}: uvecs expected the nodes of {npar} labels, at most {MAX_GRID_LABELS}")
    if not all(axis.size > 1 and np.all(np.isfinite(axis)) and np.all(np.diff(axis) > 0) for axis in axes):
        raise ToolError(f"{path}: uvecs expected at least two numbers that increase for each label")
    nodes = description.array("idgrid").astype(int)
    if nodes.shape != tuple(axis.size for axis in axes):
        raise ToolError(f"{path}: idgrid of shape {nodes.shape}, uvecs expected "
                        f"{tuple(axis.size for axis in axes)}")
    if not has_complete_cell(nodes):
        raise ToolError(f"{path}: idgrid expected a cell with a spectrum at every corner")
    vectors = description.array("vec")
    expected = np.array([axis[index] for axis, index in zip(axes, np.nonzero(nodes >= 0))])
    rows = nodes[nodes >= 0]
    if vectors.ndim != 2 or len(vectors) != npar or rows.max() >= vectors.shape[1] or \
            not np.allclose(vectors[:, rows], expected, rtol=0, atol=1e-6):
        raise ToolError(f"{path}: vec expected the labels of the spectra that idgrid puts at the nodes of uvecs")
    if np.unique(rows).size < rows.size:
        raise ToolError(f"{path}: idgrid has a spectrum at two nodes")
    return axes, nodes


def has_complete_cell(nodes):
    count = nodes.ndim
    return np.any(np.lib.stride_tricks.sliding_window_view(nodes, (2,) * count).min(tuple(range(count, 2 * count))) >= 0)


def unperturbed(values, logarithmic):
    """Distinct values of a label of perturbed points, rounded where the perturbation allows it, and each point's number."""
    order = np.argsort(values)
    steps = np.diff(values[order]) > 4 * PERTURBATION
    groups = np.split(values[order], np.nonzero(steps)[0] + 1)
    number = np.empty(len(values), int)
    number[order] = np.r_[0, np.cumsum(steps)]
    axis = []
    for group in groups:
        middle = 0.5 * (group[0] + group[-1])
        rounded = np.log10(float(f"{10 ** middle:.5g}")) if logarithmic else round(middle, 4) + 0.0
        axis.append(rounded if abs(rounded - middle) <= 2 * PERTURBATION else middle)
    return np.array(axis), number


def read_points(description, npar, log10):
    """Axes and nodes, as of `read_nodes`, of a triangulation whose points form a grid; the points around it are left out."""
    path = description.path
    points, flags = description.array("vec"), description.array("extraflags").ravel()
    if npar > MAX_GRID_LABELS or points.shape != (npar, flags.size):
        raise ToolError(f"{path}: vec expected the points of {npar} labels, at most {MAX_GRID_LABELS}, and extraflags one for each")
    rows = np.nonzero(flags == 0)[0]
    axes, numbers = zip(*[unperturbed(points[j, rows], log10[j]) for j in range(npar)])
    extents = tuple(axis.size for axis in axes)
    nodes = None
    if min(extents) > 1 and np.prod(np.array(extents, float)) <= MAX_NODES:
        nodes = np.full(extents, -1)
        nodes[numbers] = rows
    if nodes is None or np.sum(nodes >= 0) < len(rows) or not has_complete_cell(nodes):
        raise ToolError(f"{path}: the {len(rows)} points of its triangulation form no grid (of {' x '.join(map(str, extents))} nodes): "
                        "rvfit_library makes a library of the spectra it came from, and train_emulator.py a network of that")
    return list(axes), nodes


def read_templates(path, nodes, pixels):
    """The spectra of the nodes in the nodes' order; those that no node has are left out."""
    if not os.path.isfile(path):
        raise ToolError(f"{path}: no such file, expected the spectra of a grid")
    try:
        spectra = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ToolError(f"{path}: expected a NumPy array ({error})") from None
    rows = nodes[nodes >= 0]
    if spectra.ndim != 2 or spectra.shape[1] != pixels or len(spectra) <= rows.max() or spectra.dtype.kind != "f":
        raise ToolError(f"{path}: {spectra.dtype} array of shape {spectra.shape}, expected real numbers for more than "
                        f"{rows.max()} spectra of {pixels} pixels")
    templates = spectra[rows].astype(np.float32, copy=False)
    if not np.all(np.isfinite(templates)):
        raise ToolError(f"{path}: has numbers that are not finite")
    return templates


def read_domain(description, npar):
    """Half-spaces in scaled inputs: the hull of the first two labels and that of the others; and the points' box."""
    points = description.array("outside_kwargs", "pts")
    path = description.path
    if npar < 4 or points.ndim != 2 or points.shape[1] != npar:
        raise ToolError(f"{path}: outside_kwargs/pts expected points of {npar} labels, at least 4")
    try:
        rows = hull_domain(points)
    except scipy.spatial.QhullError:
        raise ToolError(f"{path}: outside_kwargs/pts expected points that span an area, "
                        "for the convex hulls") from None
    return rows, points.min(0), points.max(0)


def read_state(path):
    """The network's tensors as float64 arrays, from the versioned container or a bare state dict."""
    if not os.path.isfile(path):
        raise ToolError(f"{path}: no such file, expected the network's state")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its unpickler meets
        raise ToolError(f"{path}: expected a torch state file ({str(error).split('. ')[0]})") from None
    if isinstance(state, dict) and "state_dict" in state:
        for key, expected in (("checkpoint_magic", CHECKPOINT_MAGIC), ("checkpoint_version", CHECKPOINT_VERSION),
                              ("nn_arch_version", ARCHITECTURE_VERSION)):
            if state.get(key) != expected:
                raise ToolError(f"{path}: {key} {state.get(key)!r}, expected {expected!r}")
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise ToolError(f"{path}: expected a torch state dict of tensors")
    return {key: tensor.double().numpy() for key, tensor in state.items()}


def read_layers(description, state, path, npar, pixels):
    """The network's layers, each batch norm folded into the layer after it."""
    width, depth, npc = (description.integer("class_kwargs", key) for key in ("width", "nlayers", "npc"))
    options = description.get("class_kwargs")
    for key, expected in (("indim", npar), ("npix", pixels)):
        if description.integer("class_kwargs", key) != expected:
            raise ToolError(f"{description.path}: class_kwargs/{key} {options[key]}, expected {expected}")
    nonlinearity = str(options.get("nonlinearity", "SiLU"))
    if nonlinearity not in ACTIVATIONS:
        raise ToolError(f"{description.path}: class_kwargs/nonlinearity '{nonlinearity}', "
                        f"expected one of {', '.join(ACTIVATIONS)}")
    with_batch_norm = bool(options.get("withbn", True))
    left = dict(state)

    def take(key, shape):
        if key not in left:
            raise ToolError(f"{path}: has no {key}, expected by class_kwargs "
                            f"(withbn {with_batch_norm}, nlayers {depth})")
        value = left.pop(key)
        if value.shape != shape:
            raise ToolError(f"{path}: {key} of shape {value.shape}, expected {shape}")
        if not np.all(np.isfinite(value)):
            raise ToolError(f"{path}: {key} has numbers that are not finite")
        return value

    sizes = [npar] + [width] * (depth + 1) + [npc]
    gain, shift = np.ones(npar), np.zeros(npar)  # of the batch norm in front of the layer
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:] + [pixels])):
        last = i == len(sizes) - 1
        name = "pc_layer" if last else f"model.lin_{i}"
        weight, bias = take(f"{name}.weight", (outputs, inputs)), take(f"{name}.bias", (outputs,))
        layers.append(Layer((weight * gain).astype(np.float32), (bias + weight @ shift).astype(np.float32),
                            "IDENTITY" if last else ACTIVATIONS[nonlinearity]))
        gain, shift = np.ones(outputs), np.zeros(outputs)
        if with_batch_norm and 1 <= i <= depth:
            norm = f"model.bn_{i}"
            variance = take(f"{norm}.running_var", (outputs,))
            if np.any(variance < 0):
                raise ToolError(f"{path}: {norm}.running_var is negative")
            gain = take(f"{norm}.weight", (outputs,)) / np.sqrt(variance + BATCH_NORM_EPS)
            shift = take(f"{norm}.bias", (outputs,)) - take(f"{norm}.running_mean", (outputs,)) * gain
            left.pop(f"{norm}.num_batches_tracked", None)
    if left:
        raise ToolError(f"{path}: has {sorted(left)[0]}, not expected by class_kwargs "
                        f"(withbn {with_batch_norm}, nlayers {depth})")
    if not all(np.all(np.isfinite(a)) for layer in layers for a in (layer.weight, layer.bias)):
        raise ToolError(f"{path}: the folded network has numbers that are not finite in float32")
    return layers


def read_setup(library, setup, lsf_sigma, medium):
    """One setup: its label names, its arm and the physical box of its domain."""
    description = Description(os.path.join(library, f"interp_{setup}.h5"))
    kind = kind_of(description)
    names = [str(name) for name in description.get("parnames")]
    wavelengths = read_wavelengths(description)
    revision, version = (str(description.content.get(key) or "") for key in ("revision", "git_rev"))
    common = {"revision": revision, "soft_version": version, "lsf_sigma": lsf_sigma, "medium": medium}
    if kind != "generic":
        log10 = read_log_labels(description, len(names))
        axes, nodes = (read_nodes(description, len(names)) if kind == "regulargrid"
                       else read_points(description, len(names), log10))
        templates = read_templates(os.path.join(library, f"interpdat_{setup}.npy"), nodes, wavelengths[-1])
        rows = np.full(nodes.shape, -1)
        rows[nodes >= 0] = np.arange(len(templates))
        arm = Arm(setup, log10, np.zeros(len(names)), np.ones(len(names)),
                  *wavelengths[:3], None, [], "EXP" if bool(description.content.get("log_spec", True)) else "LINEAR",
                  grid=Grid(axes, rows, templates), **common)
        lower, upper = [axis[0] for axis in axes], [axis[-1] for axis in axes]
    else:
        scaling = read_mapper(description, len(names))
        domain, lower, upper = read_domain(description, len(names))
        state_path = os.path.join(library, str(description.get("nn_file")))
        layers = read_layers(description, read_state(state_path), state_path, len(names), wavelengths[-1])
        arm = Arm(setup, *scaling, *wavelengths[:3], domain, layers, **common)
    return names, arm, snap(arm.physical(lower)), snap(arm.physical(upper))


def snap(values):
    """Round to six digits what differs from that by float32's rounding only: the library's points are float32."""
    rounded = np.array([float(f"{value:.6g}") for value in values])
    return np.where(np.abs(rounded - values) <= 1e-6 * np.maximum(np.abs(values), 1.0), rounded, values)


def import_library(library, setups, lsf_sigmas, medium=None):
    if not os.path.isdir(library):
        raise ToolError(f"{library}: no such folder, expected a template library")
    read = [read_setup(library, setup, sigma, medium) for setup, sigma in zip(setups, lsf_sigmas)]
    for setup, (names, *_) in zip(setups, read):
        if names != read[0][0]:
            raise ToolError(f"{library}: parameter names differ between setups: {setups[0]} has "
                            f"{','.join(read[0][0])}, {setup} has {','.join(names)}")
    lower, upper = np.max([r[2] for r in read], axis=0), np.min([r[3] for r in read], axis=0)
    if not np.all(lower < upper):
        raise ToolError(f"{library}: the domains of the setups do not overlap")
    return Emulator(read[0][0], lower, upper, [r[1] for r in read], f"import_rvspecfit {command_line.TOOLS_VERSION}",
                    command_line.base_name(library))


def parse(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", help="folder with interp_<setup>.h5")
    parser.add_argument("--setups", required=True, help="names, comma-separated: desi_b,desi_r,desi_z")
    parser.add_argument("--output", required=True, help="emulator file to write")
    parser.add_argument("--lsf-sigma",
                        help="Gaussian line spread in the templates of each setup [Angstrom], comma-separated")
    parser.add_argument("--medium", type=str.upper, choices=["VACUUM", "AIR"],
                        help="what the library's wavelengths are measured in (air if it was made with rvspecfit's --air)")
    options = parser.parse_args(arguments)
    options.setups = options.setups.split(",")
    if "" in options.setups or len({setup.upper() for setup in options.setups}) < len(options.setups):
        raise ToolError(f"--setups {','.join(options.setups)}: expected different names, comma-separated")
    options.lsf_sigmas = [None] * len(options.setups)
    if options.lsf_sigma is not None:
        try:
            options.lsf_sigmas = [float(sigma) for sigma in options.lsf_sigma.split(",")]
        except ValueError:
            options.lsf_sigmas = []
        if len(options.lsf_sigmas) != len(options.setups) or not all(0 <= s < np.inf for s in options.lsf_sigmas):
            raise ToolError(f"--lsf-sigma {options.lsf_sigma}: expected {len(options.setups)} numbers, none negative")
    return options


def main(arguments):
    options = parse(arguments)
    emulator = import_library(options.library, options.setups, options.lsf_sigmas, options.medium)
    emulator.history = [command_line.history_line("import_rvspecfit.py", arguments)]
    write_emulator(emulator, options.output)
    for arm in emulator.arms:
        if arm.grid is not None:
            print(f"{arm.name}: grid {'x'.join(str(axis.size) for axis in arm.grid.axes)}, "
                  f"{len(arm.grid.templates)} templates of {arm.pixels} pixels, "
                  f"{arm.grid_type} grid of step {arm.grid_step:.5g}")
            continue
        sizes = [len(emulator.names)] + [layer.bias.size for layer in arm.layers]
        print(f"{arm.name}: network {'-'.join(map(str, sizes))}, {arm.layers[0].activation}, "
              f"{arm.grid_type} grid of step {arm.grid_step:.5g}, {len(arm.domain)} facets")
    print(f"{options.output}: {len(emulator.arms)} arms")
    return 0


if __name__ == "__main__":
    command_line.run(main)
