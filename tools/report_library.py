#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write a page about a library that rvfit_library has made: counts, coverage of the labels, sampling, some templates.

    report_library.py RUN.json       rvfit_library runs this for --report (it carries a copy)

RUN.json has: page and library (file names, %XX a byte), command, found, used, holes, cells, resumed, faults and remarks
(lines), and samples: [{title, arm, row, wave, flux}], spectra as they were, in the library's medium. The page is one file
without links to others.
"""
import base64
import html
import io
import itertools
import json
import os
import sys
import tempfile
from urllib.parse import unquote_to_bytes

import matplotlib

matplotlib.use("Agg")
import numpy as np  # noqa: E402
from astropy.io import fits  # noqa: E402
from matplotlib import pyplot  # noqa: E402

STYLE = """body { font: 15px/1.5 sans-serif; color: #222; max-width: 62em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; } td, th { padding: .15em 1.2em .15em 0; text-align: left; vertical-align: top; }
img { max-width: 100%; } code { font-size: .9em; overflow-wrap: anywhere; }"""
MOST_LINES = 200  # of faults on the page
C = 299792.458


def path_of(quoted):
    return os.fsdecode(unquote_to_bytes(quoted))


def escaped(text):
    return html.escape(str(text).encode("utf-8", "replace").decode())


def picture(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    pyplot.close(figure)
    return f'<img src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


class Arm:
    """What the page shows of an arm."""

    def __init__(self, hdus, name):
        prefix = name.upper()
        header, table = hdus[f"{prefix}_INPUT"].header, hdus[f"{prefix}_INPUT"].data
        self.name, self.medium, self.norm = name, header["MEDIUM"], header["NORM"]
        self.ln_wave = header["GRID0"] + header["GRIDSTEP"] * np.arange(header["GRIDSIZE"])
        self.step = header["GRIDSTEP"]
        self.nodes = hdus[f"{prefix}_NODES"].data
        self.axes = []
        for j, row in enumerate(table):
            value = hdus[f"{prefix}_AXIS{j}"].data * row["SCALE"] + row["OFFSET"]
            self.axes.append(10**value if row["LOG10"] else value)
        self.templates = hdus[f"{prefix}_TEMPLATES"]
        self.sigma = None  # Angstrom at each pixel
        if "LSFSIGMA" in header:
            self.sigma = np.full(len(self.ln_wave), header["LSFSIGMA"])
        elif f"{prefix}_LSF" in hdus:
            spread = hdus[f"{prefix}_LSF"].data
            self.sigma = np.interp(np.exp(self.ln_wave), spread["WAVE"], spread["SIGMA"])

    def template(self, row):
        return np.exp(self.templates.section[row, :].astype(float))


def coverage(names, arm):
    """For each two labels, which part of the nodes that share them has a template."""
    there = arm.nodes >= 0
    if len(names) == 1:
        figure, axis = pyplot.subplots(figsize=(6, 1.6), layout="constrained")
        axis.scatter(arm.axes[0], 0 * arm.axes[0], c=np.where(there, "#56748f", "#d55e00"))
        axis.set(xlabel=names[0], yticks=[])
        return picture(figure)
    pairs = list(itertools.combinations(range(len(names)), 2))
    columns = min(len(pairs), 3)
    rows = -(-len(pairs) // columns)
    figure, panels = pyplot.subplots(rows, columns, squeeze=False, figsize=(3.4 * columns, 2.8 * rows), layout="constrained")
    for axis in panels.ravel()[len(pairs):]:
        axis.axis("off")
    for (j, k), axis in zip(pairs, panels.ravel()):
        part = there.mean(tuple(n for n in range(len(names)) if n not in (j, k)))
        x, y = np.meshgrid(arm.axes[j], arm.axes[k], indexing="ij")
        full, none = part == 1, part == 0
        axis.scatter(x[full], y[full], s=14, color="#56748f")
        some = ~full & ~none
        axis.scatter(x[some], y[some], s=14, c=part[some], cmap="autumn", vmin=0, vmax=1, edgecolor="#888", linewidth=0.5)
        axis.scatter(x[none], y[none], s=20, color="#d55e00", marker="x")
        axis.set(xlabel=names[j], ylabel=names[k])
    return picture(figure)


def sampling(arms):
    figure, (power, pixels) = pyplot.subplots(1, 2, figsize=(10, 3), layout="constrained")
    for arm in arms:
        wave = np.exp(arm.ln_wave)
        if arm.sigma is not None and np.any(arm.sigma > 0):
            power.plot(wave, wave / (arm.sigma * np.sqrt(8 * np.log(2))), label=arm.name)
            pixels.plot(wave, arm.sigma / (wave * arm.step), label=arm.name)
    power.set(xlabel="Angstrom", ylabel="R = wavelength / FWHM")
    pixels.set(xlabel="Angstrom", ylabel="pixels a sigma", ylim=(0, None))
    for axis in (power, pixels):
        if axis.lines:
            axis.legend(frameon=False, fontsize=8)
    return picture(figure)


def before_and_after(arms, samples):
    by_name = {arm.name: arm for arm in arms}
    titles = list(dict.fromkeys(sample["title"] for sample in samples))
    names = list(dict.fromkeys(sample["arm"] for sample in samples))
    figure, panels = pyplot.subplots(len(titles), len(names), squeeze=False, figsize=(4.4 * len(names), 2.3 * len(titles)),
                                     layout="constrained")
    for sample in samples:
        axis = panels[titles.index(sample["title"]), names.index(sample["arm"])]
        arm = by_name[sample["arm"]]
        wave, flux = np.array(sample["wave"]), np.array(sample["flux"])
        within = slice(*np.searchsorted(arm.ln_wave, np.log([wave[0], wave[-1]])))
        template = arm.template(sample["row"])[within]
        axis.plot(wave, flux / np.median(flux), color="#bbb", lw=0.7)
        axis.plot(np.exp(arm.ln_wave[within]), template / np.median(template), color="#d55e00", lw=1)
        axis.set_title(f"{arm.name}: {sample['title']}", fontsize=8)
    return picture(figure)


def page(run):
    with fits.open(path_of(run["library"])) as hdus:
        header = hdus[0].header
        names = [str(name).strip() for name in hdus["PARAMETERS"].data["NAME"]]
        arms = [Arm(hdus, header[f"ARM{a}"]) for a in range(header["NARM"])]
        parts = [f"<h1>{escaped(os.path.basename(path_of(run['library'])))}</h1>",
                 f"<p>{escaped(header['INSTRUME'])} ({escaped(header.get('INSTSRC', ''))}), templates of "
                 f"{escaped(header['LIBRARY'])}</p><p><code>{escaped(run['command'])}</code></p><h2>Templates</h2><table>"]
        for words, count in [("found", run["found"]), ("used", run["used"]), ("from an earlier run", run["resumed"]),
                             ("left out", len(run["faults"])), ("holes in the grid", run["holes"]),
                             ("complete cells", run["cells"])]:
            parts.append(f"<tr><td>{words}<td>{count}")
        parts.append("</table>")
        parts += [f"<p>{escaped(line)}</p>" for line in run["remarks"] + run["faults"][:MOST_LINES]]
        if len(run["faults"]) > MOST_LINES:
            parts.append(f"<p>and {len(run['faults']) - MOST_LINES} more</p>")
        parts += ["<h2>Coverage</h2><p>Blue: all nodes of these two labels have a template; red to yellow: a part of them; cross: "
                  "none.</p>", coverage(names, arms[0]), "<table><tr><th>label<th>nodes"]
        parts += [f"<tr><td>{escaped(name)}<td>{', '.join(f'{value:.6g}' for value in axis)}"
                  for name, axis in zip(names, arms[0].axes)]
        parts += ["</table><h2>Sampling and resolution</h2>", sampling(arms),
                  "<table><tr><th>arm<th>Angstrom<th>pixels<th>step [km/s]<th>medium<th>divided by"]
        for arm in arms:
            first, last = np.exp(arm.ln_wave[[0, -1]])
            parts.append(f"<tr><td>{escaped(arm.name)}<td>{first:.1f} to {last:.1f}<td>{len(arm.ln_wave)}<td>{C * arm.step:.2f}"
                         f"<td>{arm.medium.lower()}<td>{arm.norm.lower()}")
        parts.append("</table>")
        if run["samples"]:
            parts += ["<h2>Before and after</h2><p>Grey: as they were; red: templates.</p>", before_and_after(arms, run["samples"])]
    return f'<!DOCTYPE html><html><meta charset="utf-8"><title>rvfit_library</title><style>{STYLE}</style>{"".join(parts)}</html>'


def main(path):
    with open(path, encoding="utf-8") as file:
        run = json.load(file)
    target = path_of(run["page"])
    handle, temporary = tempfile.mkstemp(prefix=".report", dir=os.path.dirname(target) or ".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page(run))
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


if __name__ == "__main__":
    main(sys.argv[1])
