#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Train a network for each arm of a grid library: a small, smooth emulator of its templates.

    train_emulator.py grid.fits --output emulator.fits
    train_emulator.py grid.fits --output emulator.fits --report error --fit rvfit_table

grid.fits is a grid library with ln T, as rvfit_library writes it (docs/make_a_library.md says how to go on from there).
For an arm with templates y_t, t = 1 .. templates, the network is

    h(x) = activation layers of the sizes --hidden,       ln T = mean + P (s * (V h + b)),

P the first principal components of y and s the standard deviations of their coefficients, so that the last layer starts as
the components. As the columns of P are orthonormal, the error of a template over all pixels is that of the coefficients
and of what the components leave: training needs no pixels. It minimises the mean over templates of

    sqrt(d_t^2 + robust^2) - robust,      d_t^2 = mean over pixels of the squared error of ln T,

with Adam, whose rate falls where the loss no longer does. Templates that are held out choose the state that is kept, and end
the training of an arm when they no longer improve. The same seed, threads and machine give the same file; a run that was
stopped goes on where it was. Debian: python3-torch python3-astropy python3-scipy, and libopenblas0 for speed.
"""
import concurrent.futures
import hashlib
import math
import multiprocessing
import os
import sys
import time

# CUDA's products of matrices have the same bits each time with it; without it torch refuses them where the same bits are asked for.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

try:
    import numpy as np
    import scipy.spatial
    import torch

    import command_line
    import emulator_report
    from command_line import ToolError
    from emulator_file import Arm, Emulator, Layer, read_emulator, write_emulator
    from emulator_report import held_out_rows, nodes_of
    from label_domain import hull_domain
except ImportError as missing:
    print(f"train_emulator.py: error: {missing} (Debian: python3-torch, python3-astropy, python3-scipy)", file=sys.stderr)
    sys.exit(2)

ACTIVATIONS = {"silu": torch.nn.SiLU, "relu": torch.nn.ReLU, "leakyrelu": torch.nn.LeakyReLU, "sigmoid": torch.nn.Sigmoid,
               "tanh": torch.nn.Tanh}
LEAST_RATE = 1e-6  # Adam's; below it nothing moves
SAVE_SECONDS = 30.0
SLOW_BLAS = 15.0  # Gflop/s of a core


class Problem:
    """One arm as numbers: scaled labels, principal components and their coefficients."""

    def __init__(self, arm, held, components, seed):
        x, rows = nodes_of(arm)
        y = arm.grid.templates[rows]
        labels = x * arm.scale + arm.offset  # log10 where the arm has it
        self.offset, self.scale = labels.mean(0), labels.std(0)
        self.x = (labels - self.offset) / self.scale
        self.learn = np.setdiff1d(np.arange(len(rows)), held)
        self.held = held
        self.mean = y[self.learn].mean(0, dtype=float).astype(np.float32)
        left = y - self.mean
        count = min(components, len(self.learn) - 1, y.shape[1])
        torch.manual_seed(seed)
        most = min(len(self.learn), y.shape[1])
        self.components = torch.svd_lowrank(torch.from_numpy(left[self.learn]), q=min(count + 10, most), niter=4)[2][:, :count]
        self.components = self.components.contiguous().numpy()
        self.coefficients = left @ self.components / math.sqrt(y.shape[1])
        lost = (left ** 2).mean(1, dtype=float) - (self.coefficients.astype(float) ** 2).sum(1)
        self.lost = np.maximum(lost, 0.0)  # mean square of what the components leave, by template
        spread = self.coefficients[self.learn].std(0)
        self.spread = np.maximum(spread, 1e-6 * max(spread.max(), 1e-12))


def make_network(labels, hidden, activation, outputs, seed):
    torch.manual_seed(seed)
    modules = []
    for inputs, size in zip([labels, *hidden], hidden):
        modules += [torch.nn.Linear(inputs, size), ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*modules, torch.nn.Linear(hidden[-1], outputs))


class Training:
    """Adam on one arm, an epoch at a time; its state is all that a later run needs to go on."""

    def __init__(self, problem, options):
        device = torch.device(options.device)
        self.options = options
        self.network = make_network(problem.x.shape[1], options.hidden, options.activation, len(problem.spread),
                                    options.seed).to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=options.rate)
        self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=0.5, patience=options.patience, threshold=1e-3)
        self.x, self.target, self.spread, self.lost = (
            torch.from_numpy(np.asarray(a)).float().to(device)
            for a in (problem.x, problem.coefficients, problem.spread, problem.lost))
        self.learn, self.held = (torch.from_numpy(rows).to(device) for rows in (problem.learn, problem.held))
        self.epoch, self.best_epoch, self.best = 0, 0, math.inf
        self.best_state = self.copy_state()

    def copy_state(self):
        return {key: value.detach().clone() for key, value in self.network.state_dict().items()}

    def loss(self, rows):
        error = self.network(self.x[rows]) * self.spread - self.target[rows]
        square = (error ** 2).sum(1) + self.lost[rows]
        return (torch.sqrt(square + self.options.robust ** 2) - self.options.robust).mean()

    def run_epoch(self):
        """One pass over the templates in an order of its own; the mean loss of its batches."""
        order = torch.Generator().manual_seed(self.options.seed * 1000003 + self.epoch)
        shuffled = self.learn[torch.randperm(len(self.learn), generator=order).to(self.learn.device)]
        total = 0.0
        for rows in shuffled.split(self.options.batch):
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(rows)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
        self.epoch += 1
        total /= len(self.learn)
        if not math.isfinite(total):
            raise ToolError(f"the loss is not finite in epoch {self.epoch}; try a lower --rate")
        self.plateau.step(total)
        with torch.no_grad():
            judged = self.loss(self.held).item() if len(self.held) else total
        if judged < self.best:
            self.best, self.best_epoch, self.best_state = judged, self.epoch, self.copy_state()
        return total

    @property
    def rate(self):
        return self.optimizer.param_groups[0]["lr"]

    def is_over(self):
        return (self.epoch >= self.options.epochs or self.rate < LEAST_RATE
                or self.epoch - self.best_epoch >= self.options.stop)

    def state(self):
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict(),
                "plateau": self.plateau.state_dict(), "epoch": self.epoch, "best_epoch": self.best_epoch,
                "best": self.best, "best_state": self.best_state}

    def resume(self, state):
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.plateau.load_state_dict(state["plateau"])
        self.epoch, self.best_epoch, self.best = state["epoch"], state["best_epoch"], state["best"]
        self.best_state = state["best_state"]

    def layers(self, problem):
        """The network with its best state, components and all, as layers of an emulator file."""
        self.network.load_state_dict(self.best_state)
        linear = [(m.weight.detach().double().cpu().numpy(), m.bias.detach().double().cpu().numpy())
                  for m in self.network if isinstance(m, torch.nn.Linear)]
        layers = [Layer(w.astype(np.float32), b.astype(np.float32), self.options.activation.upper()) for w, b in linear[:-1]]
        scale = problem.spread.astype(float) * math.sqrt(len(problem.mean))
        weight, bias = linear[-1]
        components = problem.components.astype(float)
        layers.append(Layer((components @ (scale[:, None] * weight)).astype(np.float32),
                            (problem.mean + components @ (scale * bias)).astype(np.float32), "IDENTITY"))
        return layers


def description(arm, options):
    """A digest of all that a training depends on: a checkpoint of another one is not gone on with."""
    digest = hashlib.sha256(repr((
        arm.name, options.hidden, options.components, options.activation, options.epochs, options.batch, options.rate,
        options.patience, options.stop, options.robust, options.hold_out, options.seed, options.device, options.threads,
        torch.__version__)).encode())
    digest.update(np.ascontiguousarray(arm.grid.templates).data)
    digest.update(np.ascontiguousarray(arm.grid.nodes).data)
    return digest.hexdigest()


def packed(value):
    """The same with every float as a tensor: those are all that torch reads back from a file without running its code."""
    if isinstance(value, dict):
        return {key: packed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [packed(item) for item in value]
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else value


def unpacked(value):
    if isinstance(value, dict):
        return {key: unpacked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    return value.item() if isinstance(value, torch.Tensor) and value.dtype == torch.float64 else value


def load_checkpoint(path, wanted):
    """The state that an earlier run of the same training left, or None."""
    if not os.path.exists(path):
        return None
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises whatever its unpickler meets: a file of something else
        return None
    return unpacked(saved["state"]) if isinstance(saved, dict) and saved.get("description") == wanted else None


def save_checkpoint(path, wanted, state):
    with command_line.replaced_file(path) as temporary:
        torch.save({"description": wanted, "state": packed(state)}, temporary)


def train_arm(arm, options):
    """Layers of the arm's network and its problem, from where an earlier run was."""
    start = time.time()
    x, _ = nodes_of(arm)
    problem = Problem(arm, held_out_rows(len(x), options.hold_out, options.seed), options.components, options.seed)
    training = Training(problem, options)
    path, wanted = f"{options.output}.{arm.name}.checkpoint", description(arm, options)
    state = load_checkpoint(path, wanted)
    if state is not None:
        training.resume(state)
        say(options, f"{arm.name}: goes on after epoch {training.epoch}")
    say(options, f"{arm.name}: {len(problem.learn)} templates to learn from, {len(problem.held)} held out, "
        f"{len(problem.spread)} components leave {100 * math.sqrt(problem.lost.mean()):.4f} % (rms)")
    saved = time.time()
    while not training.is_over():
        loss = training.run_epoch()
        if training.epoch % options.tell == 0:
            say(options, f"{arm.name}: epoch {training.epoch}, loss {100 * loss:.4f} %, held out {100 * training.best:.4f} %, "
                f"rate {training.rate:.1e}, {time.time() - start:.0f} s")
        if time.time() - saved > options.save_seconds:
            save_checkpoint(path, wanted, training.state())
            saved = time.time()
    save_checkpoint(path, wanted, training.state())
    say(options, f"{arm.name}: {training.epoch} epochs, best {training.best_epoch}, {time.time() - start:.0f} s")
    return training.layers(problem), problem, path


def say(options, text):
    if not options.quiet:
        print(text, flush=True)


def trained_arm(arm, options):
    """The arm with a network, and its checkpoint, whose work is over once the file is written."""
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    if arm.grid is None:
        raise ToolError(f"{arm.name}: expected templates on a grid, found a network")
    if arm.output != "EXP":
        raise ToolError(f"{arm.name}: expected logarithms of templates (OUTPUT EXP), found {arm.output}")
    if len(arm.grid.templates) < 10:
        raise ToolError(f"{arm.name}: {len(arm.grid.templates)} templates, expected at least 10 to learn from")
    layers, problem, path = train_arm(arm, options)
    try:
        domain = hull_domain(problem.x)
    except scipy.spatial.QhullError:
        raise ToolError(f"{arm.name}: the labels of the templates span no area, for the convex hulls") from None
    return Arm(arm.name, arm.log10, problem.offset, problem.scale, arm.grid_type, arm.grid0, arm.grid_step, domain, layers,
               arm.output, arm.revision, arm.soft_version, arm.lsf_sigma, None, arm.medium, arm.normalization, arm.lsf), path


def trained_arms(arms, options):
    """All of them, --jobs at a time, each in a process of its own."""
    if options.jobs == 1:
        return [trained_arm(arm, options) for arm in arms]
    if options.threads > 0:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", str(options.threads))
    with concurrent.futures.ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(trained_arm, arms, [options] * len(arms)))


def tell_slow_products(options):
    """A word where NumPy and torch are linked with a slow BLAS: training is mostly products of matrices."""
    if options.device != "cpu":
        return
    a = torch.ones(256, 256)
    a @ a
    start = time.process_time()
    for _ in range(4):
        a @ a
    rate = 4 * 2 * 256 ** 3 / max(time.process_time() - start, 1e-6) / 1e9
    if rate < SLOW_BLAS:
        say(options, f"products of matrices run at {rate:.0f} Gflop/s: an optimised BLAS (Debian: libopenblas0) is ten times faster")


def parse(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("grid", help="grid library to learn, as rvfit_library writes it")
    parser.add_argument("--output", required=True, help="emulator file to write")
    parser.add_argument("--hidden", default="256,256,256,200", help="sizes of the hidden layers (default 256,256,256,200)")
    parser.add_argument("--activation", default="silu", choices=sorted(ACTIVATIONS), help="of the hidden layers (default silu)")
    parser.add_argument("--components", type=int, default=200, help="principal components (default 200)")
    parser.add_argument("--epochs", type=int, default=1000, help="most epochs an arm (default 1000)")
    parser.add_argument("--batch", type=int, default=128, help="templates a step (default 128)")
    parser.add_argument("--rate", type=float, default=2e-3, help="Adam's first rate (default 2e-3)")
    parser.add_argument("--patience", type=int, default=20,
                        help="epochs without a lower loss after which the rate is halved (default 20)")
    parser.add_argument("--stop", type=int, default=150,
                        help="epochs without a lower error of the held-out templates that end an arm (default 150)")
    parser.add_argument("--robust", type=float, default=1e-3,
                        help="error of ln T above which a template counts by its error, not its square (default 1e-3)")
    parser.add_argument("--hold-out", type=float, default=0.05, help="part of the templates that is held out (default 0.05)")
    parser.add_argument("--seed", type=int, default=1, help="of everything by chance (default 1)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 .. (default cpu)")
    parser.add_argument("--threads", type=int, default=0, help="threads an arm (default: torch's)")
    parser.add_argument("--jobs", type=int, default=1, help="arms that are trained at a time (default 1)")
    parser.add_argument("--arms", help="train these arms alone, comma-separated (default: all)")
    parser.add_argument("--report", metavar="FOLDER", help="write the errors of held-out templates: report.json, report.png")
    parser.add_argument("--fit", metavar="PROGRAM",
                        help="with --report: fit the held-out templates with this rvfit_table, for the bias of velocity and labels")
    parser.add_argument("--tell", type=int, default=20, help="epochs between lines of progress (default 20)")
    parser.add_argument("--save-seconds", type=float, default=SAVE_SECONDS, help="time between checkpoints (default 30)")
    parser.add_argument("--quiet", action="store_true", help="say nothing")
    options = parser.parse_args(arguments)
    try:
        options.hidden = [int(size) for size in options.hidden.split(",")]
    except ValueError:
        options.hidden = []
    positive = {"--components": options.components, "--epochs": options.epochs, "--batch": options.batch,
                "--rate": options.rate, "--patience": options.patience, "--stop": options.stop, "--robust": options.robust,
                "--tell": options.tell, "--jobs": options.jobs, "--hidden": min(options.hidden, default=0)}
    for name, value in positive.items():
        if not value > 0:
            raise ToolError(f"{name}: expected positive numbers")
    if not 0 <= options.hold_out < 0.9:
        raise ToolError(f"--hold-out {options.hold_out}: expected a part from 0 to 0.9")
    if options.fit and not options.report:
        raise ToolError("--fit goes with --report")
    if options.report and not options.hold_out > 0:
        raise ToolError("--report: no template is held out")
    try:
        torch.empty(1, device=options.device)
    except (RuntimeError, AssertionError) as error:
        raise ToolError(f"--device {options.device}: {str(error).splitlines()[0]}") from None
    return options


def main(arguments):
    options = parse(arguments)
    tell_slow_products(options)
    grid = read_emulator(options.grid)
    wanted = options.arms.split(",") if options.arms else [arm.name for arm in grid.arms]
    for name in wanted:
        if name not in [arm.name for arm in grid.arms]:
            raise ToolError(f"--arms: {options.grid} has no arm {name}")
    pairs = trained_arms([arm for arm in grid.arms if arm.name in wanted], options)
    emulator = Emulator(grid.names, grid.lower, grid.upper, [arm for arm, _ in pairs],
                        f"train_emulator {command_line.TOOLS_VERSION}", grid.library, grid.synthetic,
                        history=[command_line.history_line("train_emulator.py", arguments)], units=grid.units,
                        instrument=grid.instrument, instrument_source=grid.instrument_source)
    if options.report:
        report = emulator_report.make_report(emulator, grid, options.hold_out, options.seed)
        emulator.comments = emulator_report.summary_lines(report)
        write_emulator(emulator, options.output)
        emulator_report.write_report(report, emulator, grid, options.output, options.report, options.fit)
        if not options.quiet:
            emulator_report.print_report(report)
    else:
        write_emulator(emulator, options.output)
    for _, path in pairs:
        os.remove(path)
    say(options, f"{options.output}: {len(emulator.arms)} arms")
    return 0


if __name__ == "__main__":
    command_line.run(main)
