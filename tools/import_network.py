#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turn a network that another program has trained into an rvfit emulator file (docs/emulator_file.md).

    import_network.py payne.npz --wave wavelength.npz --labels teff,logg,vmic,feh,alpha --arm apogee --output E.fits
    import_network.py mlp.pt --wave wave.npy --labels teff,logg --lower 4000,0 --upper 8000,5 --activation relu --output E.fits

The first kind is The Payne's (Ting et al. 2019, ApJ 879, 69): arrays w_array_k (outputs, inputs), b_array_k, x_min and x_max in an
.npz; labels are scaled to (p - x_min) / (x_max - x_min) - 0.5, layers followed by a leaky ReLU of slope 0.01 but for the last. The file
does not tell activations: --activation leakyrelu,sigmoid names other ones, layer by layer. The second is the state dict of a torch.nn.Sequential of Linear layers and one activation between them, saved by
torch.save(model.state_dict(), ..); its inputs are (p - OFFSET) / SCALE.

Labels are named in the order of the inputs. rvfit takes at most 10: --fix vmic=1.5 keeps one at a value, --tie o=feh makes one follow
another. Wavelengths [Angstrom] with gaps become an arm each, NAME_1, NAME_2 ..; where a piece is not uniform in ln(wavelength), the
last layer is interpolated by a spline to the least step. Debian: python3-torch python3-astropy python3-scipy.
"""
import os
import sys

try:
    import numpy as np
    import scipy.interpolate

    import command_line
    from command_line import ToolError
    from emulator_file import Arm, Emulator, Layer, box_domain, write_emulator
except ImportError as missing:
    print(f"import_network.py: error: {missing} (Debian: python3-torch, python3-astropy, python3-scipy)", file=sys.stderr)
    sys.exit(2)

ACTIVATIONS = ("silu", "relu", "leakyrelu", "sigmoid", "tanh")
GAP = 1.5  # steps between neighbours that end a piece
UNIFORM = 1e-3  # of a pixel


class Inputs:
    """Labels of the network's inputs: names, and x = (q - offset) / scale of q, the label or its log10."""

    def __init__(self, names, log10, offset, scale, lower, upper):
        self.names, self.log10 = list(names), np.asarray(log10, bool)
        self.offset, self.scale, self.lower, self.upper = (np.asarray(a, float).copy() for a in (offset, scale, lower, upper))

    def index(self, name, option):
        if name not in self.names:
            raise ToolError(f"{option}: {name} is not one of the labels {','.join(self.names)}")
        return self.names.index(name)

    def drop(self, i):
        del self.names[i]
        for key in ("log10", "offset", "scale", "lower", "upper"):
            setattr(self, key, np.delete(getattr(self, key), i))


def numbers(text, count, option):
    try:
        values = [float(word) for word in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not np.all(np.isfinite(values)):
        raise ToolError(f"{option} {text}: expected {count} numbers")
    return np.array(values)


def pairs(text, option):
    """NAME=WORD,.. as a list."""
    found = [word.split("=") for word in text.split(",")] if text else []
    if any(len(pair) != 2 or "" in pair for pair in found):
        raise ToolError(f"{option} {text}: expected NAME=VALUE,..")
    return found


def hidden_activations(text, layers):
    """Those of the hidden layers: one for all, or one a layer."""
    words = text.split(",")
    unknown = [word for word in words if word not in ACTIVATIONS]
    if unknown or len(words) not in (1, layers):
        raise ToolError(f"--activation {text}: expected one of {', '.join(ACTIVATIONS)}, or one for each of {layers} hidden layers")
    return words * layers if len(words) == 1 else words


def read_payne(path):
    """Weights and biases of the layers, x_min and x_max."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: np.asarray(file[key], float) for key in file.files}
    except (OSError, ValueError) as error:
        raise ToolError(f"{path}: expected arrays of numbers ({error})") from None
    weights = []
    while f"w_array_{len(weights)}" in arrays and f"b_array_{len(weights)}" in arrays:
        weights.append((arrays[f"w_array_{len(weights)}"], arrays[f"b_array_{len(weights)}"]))
    if not weights or "x_min" not in arrays or "x_max" not in arrays:
        raise ToolError(f"{path}: has {', '.join(sorted(arrays)) or 'nothing'}, expected w_array_0, b_array_0, .. x_min and x_max")
    if weights[0][0].ndim == 3:
        raise ToolError(f"{path}: has a network for each of {len(weights[0][0])} pixels, expected one for all; spectra that it makes on a "
                        "grid of labels are templates for rvfit_library, and a network is trained on these")
    return weights, arrays["x_min"], arrays["x_max"]


def read_torch(path):
    """Weights and biases of the Linear layers of a state dict."""
    import torch
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its unpickler meets
        raise ToolError(f"{path}: expected a state dict, as torch.save(model.state_dict(), ..) writes it "
                        f"({str(error).split('. ')[0]})") from None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ToolError(f"{path}: expected a state dict of tensors")
    weights, left = [], dict(state)
    for key in list(state):
        if key.endswith("weight") and state[key].ndim == 2:
            bias = left.pop(key[:-len("weight")] + "bias", None)
            if bias is None:
                raise ToolError(f"{path}: {key} has no bias, expected Linear layers with one")
            weights.append((left.pop(key).double().numpy(), bias.double().numpy()))
    if left or not weights:
        raise ToolError(f"{path}: has {sorted(left)[0] if left else 'no weight'}, expected Linear layers and nothing else")
    return weights


def fold(weights, inputs, fixed, tied):
    """Take labels that are fixed or that follow another out of the first layer."""
    weight, bias = weights[0][0].copy(), weights[0][1].copy()
    for name, follows in tied:
        i, k = inputs.index(name, "--tie"), inputs.index(follows, "--tie")
        if i == k or inputs.log10[i] or inputs.log10[k]:
            raise ToolError(f"--tie {name}={follows}: expected two labels that are not logarithms")
        weight[:, k] += weight[:, i] * inputs.scale[k] / inputs.scale[i]
        bias += weight[:, i] * (inputs.offset[k] - inputs.offset[i]) / inputs.scale[i]
        inputs.lower[k], inputs.upper[k] = max(inputs.lower[k], inputs.lower[i]), min(inputs.upper[k], inputs.upper[i])
        weight = np.delete(weight, i, 1)
        inputs.drop(i)
    for name, value in fixed:
        i = inputs.index(name, "--fix")
        value = numbers(value, 1, f"--fix {name}=")[0]
        if not inputs.lower[i] <= value <= inputs.upper[i]:
            raise ToolError(f"--fix {name}={value:g}: expected a value from {inputs.lower[i]:g} to {inputs.upper[i]:g}")
        bias += weight[:, i] * ((np.log10(value) if inputs.log10[i] else value) - inputs.offset[i]) / inputs.scale[i]
        weight = np.delete(weight, i, 1)
        inputs.drop(i)
    return [(weight, bias), *weights[1:]]


def read_wavelengths(path, pixels):
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            loaded = loaded["wavelength" if "wavelength" in loaded.files else loaded.files[0]]
    except (OSError, ValueError, IndexError) as error:
        raise ToolError(f"{path}: expected wavelengths in .npy or .npz ({error})") from None
    wave = np.asarray(loaded, float)
    if wave.shape != (pixels,) or not np.all(np.isfinite(wave)) or wave[0] <= 0 or np.any(np.diff(wave) <= 0):
        raise ToolError(f"{path}: {wave.shape} numbers, expected {pixels} wavelengths that increase, one for each output")
    return wave


def pieces(wave, weight, bias):
    """Uniform grids without gaps: first ln(wavelength), step, weight and bias of the last layer, and whether it was interpolated."""
    ln_wave = np.log(wave)
    step = np.diff(ln_wave)
    ends = np.nonzero(step > GAP * np.median(step))[0] + 1
    for rows in np.split(np.arange(len(wave)), ends):
        x = ln_wave[rows]
        if len(rows) < 8:
            raise ToolError(f"a piece of {len(rows)} pixels at {wave[rows[0]]:.2f} Angstrom, expected at least 8 between gaps")
        h = (x[-1] - x[0]) / (len(rows) - 1)
        if np.abs(x - x[0] - h * np.arange(len(rows))).max() <= UNIFORM * h:
            yield x[0], h, weight[rows], bias[rows], False
            continue
        h = np.diff(x).min()
        at = np.minimum(x[0] + h * np.arange(int((x[-1] - x[0]) / h) + 1), x[-1])
        spline = scipy.interpolate.CubicSpline(x, np.column_stack([weight[rows], bias[rows]]), bc_type="natural")(at)
        yield x[0], h, spline[:, :-1], spline[:, -1], True


def import_network(options):
    names = options.labels.split(",")
    units = np.ones(len(names))
    if options.network.endswith(".npz"):
        weights, lower, upper = read_payne(options.network)
        if lower.shape != (len(names),) or upper.shape != lower.shape or not np.all(lower < upper):
            raise ToolError(f"{options.network}: x_min and x_max are of {lower.size} labels, --labels names {len(names)}")
        activation = options.activation or "leakyrelu"
        offset, scale, log10 = 0.5 * (lower + upper), upper - lower, np.zeros(len(names), bool)
    else:
        weights = read_torch(options.network)
        for option in ("lower", "upper", "activation"):
            if getattr(options, option) is None:
                raise ToolError(f"--{option} is wanted for the network of a state dict")
        lower, upper = (numbers(getattr(options, key), len(names), f"--{key}") for key in ("lower", "upper"))
        offset = numbers(options.offset, len(names), "--offset") if options.offset else np.zeros(len(names))
        scale = numbers(options.scale, len(names), "--scale") if options.scale else np.ones(len(names))
        log10 = np.array([name in (options.log10 or "").split(",") for name in names])
        activation = options.activation
    inputs = Inputs(names, log10, offset, scale, lower, upper)
    for name, unit in pairs(options.units, "--units"):
        units[inputs.index(name, "--units")] = numbers(unit, 1, "--units")[0]
    for key in ("offset", "scale", "lower", "upper"):
        setattr(inputs, key, np.where(inputs.log10, getattr(inputs, key), getattr(inputs, key) * units))
    if not (np.all(inputs.scale > 0) and np.all(inputs.lower < inputs.upper)):
        raise ToolError("--scale, --lower, --upper or --units: expected positive scales, and lower below upper")
    width = len(names)
    for k, (weight, bias) in enumerate(weights):
        if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
            raise ToolError(f"{options.network}: layer {k} has weights {weight.shape} and biases {bias.shape}, expected {width} inputs")
        width = weight.shape[0]
    weights = fold(weights, inputs, pairs(options.fix, "--fix"), pairs(options.tie, "--tie"))
    hidden = [Layer(weight, bias, word.upper())
              for (weight, bias), word in zip(weights[:-1], hidden_activations(activation, len(weights) - 1))]
    wave = read_wavelengths(options.wave, width)
    q_lower, q_upper = (np.where(inputs.log10, np.log10(np.where(inputs.log10, a, 1.0)), a) for a in (inputs.lower, inputs.upper))
    domain = box_domain((q_lower - inputs.offset) / inputs.scale, (q_upper - inputs.offset) / inputs.scale)
    found = list(pieces(wave, *weights[-1]))
    arms = []
    for n, (first, step, weight, bias, interpolated) in enumerate(found, 1):
        name = options.arm if len(found) == 1 else f"{options.arm}_{n}"
        arms.append(Arm(name, inputs.log10, inputs.offset, inputs.scale, "LOG", first, step, domain,
                        [*hidden, Layer(weight, bias, "IDENTITY")], "EXP" if options.exp else "LINEAR", lsf_sigma=options.lsf_sigma,
                        medium=options.medium))
        print(f"{name}: {arms[-1].pixels} pixels, network {'-'.join(str(s) for s in [len(inputs.names)] + [y.bias.size for y in arms[-1].layers])}"
              + (", its last layer interpolated to a uniform grid" if interpolated else ""))
    return Emulator(inputs.names, inputs.lower, inputs.upper, arms, f"import_network {command_line.TOOLS_VERSION}",
                    os.path.splitext(command_line.base_name(options.network))[0])


def parse(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", help="The Payne's .npz, or a state dict of torch")
    parser.add_argument("--output", required=True, help="emulator file to write")
    parser.add_argument("--wave", required=True, help="wavelengths of the outputs [Angstrom]: .npy, or .npz (its array 'wavelength')")
    parser.add_argument("--labels", required=True, help="names of the inputs in their order, comma-separated: teff,logg,feh,alpha ..")
    parser.add_argument("--arm", default="arm", help="name of the arm (default arm)")
    parser.add_argument("--activation", metavar="WORD[,WORD..]", help=f"after each layer but the last: {', '.join(ACTIVATIONS)}, or a list "
                        "of one for each (The Payne's: leakyrelu)")
    parser.add_argument("--exp", action="store_true", help="the network gives ln of the spectrum")
    parser.add_argument("--lower", help="of a state dict: least value of each label that was learnt")
    parser.add_argument("--upper", help="of a state dict: largest value of each label")
    parser.add_argument("--offset", help="of a state dict: inputs are (label - OFFSET) / SCALE (default 0)")
    parser.add_argument("--scale", help="of a state dict (default 1)")
    parser.add_argument("--log10", help="of a state dict: labels whose log10 is the input, in OFFSET and SCALE too")
    parser.add_argument("--units", default="", help="units of the network's labels in ours: teff=1000 where it has thousands of K")
    parser.add_argument("--fix", default="", help="labels to keep at a value: vmic=1.5,..")
    parser.add_argument("--tie", default="", help="labels that follow another: o=alpha,mg=alpha,..")
    parser.add_argument("--medium", type=str.upper, choices=["VACUUM", "AIR"], help="what the wavelengths are measured in")
    parser.add_argument("--lsf-sigma", type=float, help="Gaussian line spread of the network's spectra [Angstrom]")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    emulator = import_network(options)
    emulator.history = [command_line.history_line("import_network.py", arguments)]
    write_emulator(emulator, options.output)
    print(f"{options.output}: {len(emulator.arms)} arms")
    return 0


if __name__ == "__main__":
    command_line.run(main)
