#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Is a network good enough? Its errors at templates that it has not learnt, and what they do to velocities and labels.

    emulator_report.py emulator.fits grid.fits --output error --fit rvfit_table

train_emulator.py writes the same with --report. The held-out templates are those of the same --hold-out and --seed;
--hold-out 1 takes all templates of grid.fits, which then should be of labels between those that were learnt. FOLDER gets
report.json and report.png; with --fit a program rvfit_table fits each template as a star without noise and without
rotation, of S/N 100 a pixel: what its velocity and labels are off by is the emulator's error alone. Debian:
python3-astropy python3-matplotlib.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from astropy.io import fits

import command_line
from command_line import ToolError
from emulator_file import read_emulator

__all__ = ["held_out_rows", "make_report", "nodes_of", "summary_lines", "write_report"]

C = 299792.458
EDGE = 1000.0  # km/s at the ends of an arm that are not fitted, so that the scan stays inside the library
WAVE_BINS = 60
SCALE = 1.4826  # of the median absolute deviation to the sigma of a Gaussian


def held_out_rows(count, fraction, seed):
    """Which of `count` templates are not learnt from."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:int(round(count * fraction))])


def nodes_of(arm):
    """Scaled labels (templates, NPAR) of the nodes of a grid, and their rows of `templates`, in the order of the nodes."""
    nodes = np.asarray(arm.grid.nodes)
    places = np.argwhere(nodes >= 0)
    x = np.column_stack([np.asarray(axis)[places[:, j]] for j, axis in enumerate(arm.grid.axes)])
    return x, nodes[nodes >= 0]


def _errors(network, arm, fraction, seed):
    """Labels (templates, NPAR) and relative errors of flux (templates, N) of a network at held-out templates."""
    x, rows = nodes_of(arm)
    held = held_out_rows(len(rows), fraction, seed)
    labels = arm.physical(x[held])
    pixels = (network.grid0, network.grid_step, network.pixels)
    if not np.allclose(pixels, (arm.grid0, arm.grid_step, arm.pixels), rtol=1e-12, atol=0):  # header cards have 16 digits
        raise ToolError(f"{arm.name}: network and templates have other pixels")
    return labels, np.exp(network.network(network.scaled(labels)) - arm.grid.templates[rows[held]]) - 1.0


def _arm_report(names, network, arm, fraction, seed):
    labels, error = _errors(network, arm, fraction, seed)
    size = np.abs(error)
    each = size.mean(1)
    wave = network.wave()
    by_label = {}
    for j, name in enumerate(names):
        values = np.round(labels[:, j], 6)
        by_label[name] = [{"value": float(value), "templates": int(np.sum(values == value)),
                           "mean": float(each[values == value].mean())} for value in np.unique(values)]
    bins = np.array_split(np.arange(len(wave)), min(WAVE_BINS, len(wave)))
    return {"templates": len(each), "mean": float(size.mean()), "rms": float(np.sqrt((error ** 2).mean())),
            "median_template": float(np.median(each)), "percentile_90": float(np.percentile(each, 90)),
            "worst_template": float(each.max()), "by_label": by_label,
            "by_wavelength": [{"wave": float(wave[b].mean()), "mean": float(size[:, b].mean())} for b in bins],
            "worst": [{"mean": float(each[t]), **{name: float(labels[t, j]) for j, name in enumerate(names)}}
                      for t in np.argsort(-each)[:10]],
            "each": [float(value) for value in each], "labels": labels.tolist()}


def make_report(emulator, grid, fraction, seed):
    """Errors of all arms of `emulator` at the templates of `grid` that are held out, as fractions of flux."""
    arms = {arm.name: arm for arm in grid.arms}
    report = {"hold_out": fraction, "seed": seed, "names": list(emulator.names), "arms": {}}
    for network in emulator.arms:
        if network.name not in arms or arms[network.name].grid is None or network.grid is not None:
            raise ToolError(f"{network.name}: expected a network, and templates of the arm on a grid")
        report["arms"][network.name] = _arm_report(emulator.names, network, arms[network.name], fraction, seed)
    return report


def summary_lines(report):
    return [f"{name}: {arm['templates']} held-out templates, mean error {100 * arm['mean']:.4f} % of flux, "
            f"rms {100 * arm['rms']:.4f} %, worst template {100 * arm['worst_template']:.3f} %"
            for name, arm in report["arms"].items()]


def _draw(report, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    names, arms = report["names"], report["arms"]
    figure, axes = pyplot.subplots(len(arms), 1 + len(names), squeeze=False, layout="constrained",
                                   figsize=(4 + 2.6 * len(names), 2.4 * len(arms) + 0.4))
    for (name, arm), row in zip(arms.items(), axes):
        row[0].plot([b["wave"] for b in arm["by_wavelength"]], [100 * b["mean"] for b in arm["by_wavelength"]], color="#333")
        row[0].set(title=f"{name}: mean {100 * arm['mean']:.3f} %", ylabel="mean |error| [% of flux]", xlabel="Angstrom", ylim=(0, None))
        labels, each = np.array(arm["labels"]), 100 * np.array(arm["each"])
        for j, (label, panel) in enumerate(zip(names, row[1:])):
            panel.semilogy(labels[:, j], each, ".", color="#56748f", markersize=3, alpha=0.6)
            steps = arm["by_label"][label]
            panel.plot([s["value"] for s in steps], [100 * s["mean"] for s in steps], color="#d55e00")
            panel.set(xlabel=label)
    figure.suptitle("Errors of templates that were not learnt: points are templates, lines their means")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _write_stars(emulator, grid, fraction, seed, path):
    """The held-out templates as spectra of S/N 100 without noise, a table an arm; their labels (templates, NPAR)."""
    tables, labels = [], None
    for arm in grid.arms:
        if arm.name not in [network.name for network in emulator.arms]:
            continue
        x, rows = nodes_of(arm)
        held = held_out_rows(len(rows), fraction, seed)
        labels = arm.physical(x[held])
        cut = int(np.ceil(EDGE / C / arm.grid_step))
        flux = np.exp(arm.grid.templates[rows[held]][:, cut:-cut].astype(float))
        wave = np.broadcast_to(arm.wave()[cut:-cut], flux.shape)
        form = f"{flux.shape[1]}D"
        tables.append(fits.BinTableHDU.from_columns([
            fits.Column("WAVE", form, "Angstrom", array=wave), fits.Column("FLUX", form, array=flux),
            fits.Column("IVAR", form, array=(100.0 / flux) ** 2)], name=f"STARS_{arm.name.upper()}"))
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    return labels


def fit_held_out(program, emulator_path, emulator, grid, fraction, seed):
    """Fitted less true velocity and labels of the held-out templates: {name: (templates)}, NaN where no fit converged."""
    with tempfile.TemporaryDirectory() as folder:
        stars = os.path.join(folder, "stars.fits")
        labels = _write_stars(emulator, grid, fraction, seed, stars)
        medium = {"VACUUM": ["--vacuum"], "AIR": ["--air"], None: []}[emulator.arms[0].medium]
        command = [program, "--emulator", os.path.abspath(emulator_path), "--output-dir", folder, "--quiet", "--rotation", "off",
                   "--min-vel=-500", "--max-vel=500", *medium]
        for arm in emulator.arms:
            command += ["--arm", f"{arm.name}=STARS_{arm.name.upper()}"]
        try:
            done = subprocess.run([*command, stars], capture_output=True, text=True, check=False)
        except OSError as error:
            raise ToolError(f"--fit {program}: {error.strerror}") from None
        if done.returncode != 0:
            raise ToolError(f"{program}: {done.stderr.strip() or done.stdout.strip()}")
        table = fits.getdata(os.path.join(folder, "rvtab_stars.fits"), "RVTAB")
        converged = np.array([str(status).strip() == "converged" for status in table["STATUS"]])
        bias = {"rv": table["VRAD"].astype(float)}
        for j, name in enumerate(emulator.names):
            column = "ALPHAFE" if name == "alpha" else name.upper()
            bias[name] = table[column].astype(float) - labels[:, j]
        return {name: np.where(converged, values, np.nan) for name, values in bias.items()}


def _bias_numbers(values):
    good = values[np.isfinite(values)]
    if len(good) == 0:
        return {"fits": 0}
    middle = np.median(good)
    return {"fits": len(good), "median": float(middle), "scatter": float(SCALE * np.median(np.abs(good - middle))),
            "percentile_95_of_size": float(np.percentile(np.abs(good), 95)), "worst": float(good[np.argmax(np.abs(good))])}


def write_report(report, emulator, grid, emulator_path, folder, program=None):
    """Write report.json and report.png into `folder`; with a `program` fit the held-out templates first."""
    os.makedirs(folder, exist_ok=True)
    if program:
        bias = fit_held_out(program, emulator_path, emulator, grid, report["hold_out"], report["seed"])
        report["bias"] = {name: _bias_numbers(values) for name, values in bias.items()}
    with command_line.replaced_file(os.path.join(folder, "report.json")) as temporary:
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(report, file, indent=1)
    _draw(report, os.path.join(folder, "report.png"))


def print_report(report):
    for line in summary_lines(report):
        print(line)
    for name, bias in report.get("bias", {}).items():
        if bias["fits"]:
            print(f"{name}: off by {bias['median']:.4g} (median), {bias['scatter']:.3g} (robust scatter), "
                  f"{bias['worst']:.3g} (worst of {bias['fits']} fits)")


def main(arguments):
    parser = command_line.OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("emulator", help="emulator file with networks")
    parser.add_argument("grid", help="grid library of the same arms and pixels")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="folder of report.json and report.png")
    parser.add_argument("--hold-out", type=float, default=0.05, help="part of the templates that was held out (default 0.05)")
    parser.add_argument("--seed", type=int, default=1, help="as of train_emulator.py (default 1)")
    parser.add_argument("--fit", metavar="PROGRAM", help="fit the templates with this rvfit_table")
    options = parser.parse_args(arguments)
    if not 0 < options.hold_out <= 1:
        raise ToolError(f"--hold-out {options.hold_out}: expected a part above 0")
    emulator, grid = read_emulator(options.emulator), read_emulator(options.grid)
    report = make_report(emulator, grid, options.hold_out, options.seed)
    write_report(report, emulator, grid, options.emulator, options.output, options.fit)
    print_report(report)
    return 0


if __name__ == "__main__":
    command_line.run(main)
