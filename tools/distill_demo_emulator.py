#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Distil a full emulator into the small one that the demonstration ships (programs/demo/emulator.fits).

    distill_demo_emulator.py FULL.fits --output programs/demo/emulator.fits

For each arm: ln T of the teacher at quasi-random points of its domain, principal components of it (at most 32), and a
small SiLU network trained on their coefficients; the components become the last layer. Grids, scaling and domain stay
the teacher's. Deterministic: fixed seed, fixed number of threads. Synthetic, distilled, not for science.
Debian: python3-torch python3-astropy python3-scipy.
"""
import copy
import sys
import time

try:
    import numpy as np
    import scipy.linalg
    import scipy.stats
    import torch

    import command_line
    from command_line import ToolError
    from emulator_file import Layer, read_emulator, write_emulator
except ImportError as missing:
    print(f"distill_demo_emulator.py: error: {missing} (Debian: python3-torch, python3-astropy, python3-scipy)",
          file=sys.stderr)
    sys.exit(2)

HIDDEN = [96, 96, 96]
ADAM_RATES = (4e-3, 1e-5)  # first and last
SEED = 8192


def sample_domain(arm, lower, upper, count, seed):
    """Quasi-random network inputs (count, NPAR) inside the box and the half-spaces of the domain."""
    low, high = arm.scaled(lower), arm.scaled(upper)
    sobol = scipy.stats.qmc.Sobol(len(low), seed=seed)
    kept = np.empty((0, len(low)))
    for _ in range(100):
        x = low + (high - low) * sobol.random(4096)
        kept = np.vstack([kept, x[arm.outside(x) == 0]])
        if len(kept) >= count:
            return kept[:count]
    raise ToolError(f"{arm.name}: found hardly any point inside the domain")


def principal_components(arm, x, count):
    """Mean (N), components (N, count) and coefficients (samples, count) of the teacher's ln T at inputs x.

    Its last layer is linear, ln T = W h + b, so the components follow from the covariance of h and W = Q R.
    """
    body, last = copy.copy(arm), arm.layers[-1]
    body.layers = arm.layers[:-1]
    if arm.output != "EXP" or last.activation != "IDENTITY" or not body.layers:
        raise ToolError(f"{arm.name}: expected a network whose last layer is linear and whose output is EXP")
    h = body.network(x)
    weight = last.weight.astype(float)
    q, r = scipy.linalg.qr(weight, mode="economic")
    y = (h - h.mean(0)) @ r.T
    _, _, directions = scipy.linalg.svd(y, full_matrices=False)
    directions = directions[:count]
    return weight @ h.mean(0) + last.bias, q @ directions.T, y @ directions.T


def train(x, targets, steps, lbfgs_steps):
    """Layers of a SiLU network x -> targets, the last one linear; least squares in the targets as they are."""
    torch.manual_seed(SEED)
    spread = targets.std(0).max()
    sizes = [x.shape[1], *HIDDEN]
    modules = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        modules += [torch.nn.Linear(inputs, outputs), torch.nn.SiLU()]
    net = torch.nn.Sequential(*modules, torch.nn.Linear(sizes[-1], targets.shape[1]))
    x, targets = torch.from_numpy(x).float(), torch.from_numpy(targets / spread).float()

    def loss(rows):
        optimizer.zero_grad()
        value = ((net(x[rows]) - targets[rows]) ** 2).sum(1).mean()
        value.backward()
        return value

    optimizer = torch.optim.Adam(net.parameters(), lr=ADAM_RATES[0])
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, ADAM_RATES[1])
    for _ in range(steps):
        loss(torch.randint(len(x), (512,)))
        optimizer.step()
        decay.step()
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=lbfgs_steps, history_size=30,
                                  line_search_fn="strong_wolfe", tolerance_grad=0, tolerance_change=0)
    optimizer.step(lambda: loss(slice(None)))
    linear = [module for module in net if isinstance(module, torch.nn.Linear)]
    layers = [Layer(module.weight.detach().double().numpy(), module.bias.detach().double().numpy(), "SILU")
              for module in linear]
    layers[-1].activation = "IDENTITY"
    layers[-1].weight *= spread
    layers[-1].bias *= spread
    return layers


def distill(teacher, lower, upper, options):
    """A small arm that resembles `teacher`, and its rms difference in ln T at other points of the domain."""
    if teacher.grid is not None:
        raise ToolError(f"{teacher.name}: expected a network, found a grid")
    x = sample_domain(teacher, lower, upper, options.samples, SEED)
    mean, components, coefficients = principal_components(teacher, x, options.components)
    student = copy.copy(teacher)
    student.layers = train(x, coefficients, options.steps, options.lbfgs_steps)
    student.layers.append(Layer(components, mean, "IDENTITY"))
    for layer in student.layers:
        layer.weight, layer.bias = layer.weight.astype(np.float32), layer.bias.astype(np.float32)
    test = sample_domain(teacher, lower, upper, 1000, SEED + 1)
    truth = teacher.network(test)
    inside = truth - mean
    truncated = inside - (inside @ components) @ components.T
    rms = np.sqrt(np.mean((student.network(test) - truth) ** 2))
    return student, rms, np.sqrt(np.mean(truncated ** 2)), np.sqrt(np.mean(inside ** 2))


def main(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("teacher", help="full emulator file, as import_rvspecfit.py writes it")
    parser.add_argument("--output", required=True, help="emulator file to write")
    parser.add_argument("--components", type=int, default=32, help="principal components an arm (default 32)")
    parser.add_argument("--samples", type=int, default=8000, help="points of the domain to learn from (default 8000)")
    parser.add_argument("--steps", type=int, default=5000, help="steps of Adam an arm (default 5000)")
    parser.add_argument("--lbfgs-steps", type=int, default=200, help="steps of L-BFGS after them (default 200)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    emulator = read_emulator(options.teacher)
    comments = []
    for a, teacher in enumerate(emulator.arms):
        start = time.time()
        emulator.arms[a], rms, truncated, spread = distill(teacher, emulator.lower, emulator.upper, options)
        comments.append(f"{teacher.name}: rms of ln T against the teacher {rms:.5f}")
        print(f"{teacher.name}: rms of ln T {rms:.5f} (components alone {truncated:.5f}, spread of the teacher "
              f"{spread:.4f}), {time.time() - start:.0f} s", flush=True)
    emulator.creator = f"distill_demo_emulator {command_line.TOOLS_VERSION}"
    emulator.synthetic = True
    emulator.comments = [f"distilled from {emulator.library}", *comments]
    emulator.history = [command_line.history_line("distill_demo_emulator.py", arguments)]
    write_emulator(emulator, options.output)
    print(f"{options.output}: {len(emulator.arms)} arms")
    return 0


if __name__ == "__main__":
    command_line.run(main)
