#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write a page about a run or about tables of results: counts, distributions, settings, failures, the worst fits.

    report_fits.py RUN.json                  the programs run this for --report (they carry a copy of it)
    report_fits.py --tables PAGE.html TABLE...   the same of tables that are there, whoever wrote them

The page is one file without links to others. Tables are read one after another; distributions come from a random
sample of at most 20,000 rows, so that memory does not grow with the number of files.

RUN.json has: page, tables (file names, %XX a byte), program, command, config, software ([name, version]), library
([key, value]), summary (of --summary-json), failed_count, failed ([file, line]), passed_over, warnings ([bit, words]) and
worst ([picture, text]).
"""
import base64
import collections
import html
import io
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

SAMPLE = 20000
BARS, LINE = "#56748f", "#d55e00"
STYLE = """body { font: 15px/1.5 sans-serif; color: #222; max-width: 62em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; } td, th { padding: .15em 1.2em .15em 0; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } img { max-width: 100%; }
code { font-size: .9em; overflow-wrap: anywhere; } .few { color: #666; }"""


def path_of(quoted):
    return os.fsdecode(unquote_to_bytes(quoted))


def escaped(text):
    """Text for the page: nothing in it is markup, and bytes that are no text are marked."""
    return html.escape(str(text).encode("utf-8", "replace").decode())


class Sample:
    """Rows of many tables, each with the same chance to stay."""

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.keys = np.zeros(0)
        self.columns = {}

    def add(self, columns):
        """columns: name -> values of equal length; what a table has not is NaN."""
        old, new = len(self.keys), len(next(iter(columns.values())))
        keys = np.r_[self.keys, self.random.random(new)]
        keep = np.argsort(keys)[:SAMPLE]
        self.keys = keys[keep]
        for name in {*self.columns, *columns}:
            both = np.r_[self.columns.get(name, np.full(old, np.nan)), columns.get(name, np.full(new, np.nan))]
            self.columns[name] = both[keep]


class Tables:
    """What is counted while tables pass by."""

    def __init__(self):
        self.rows = self.files = 0
        self.status, self.bits = collections.Counter(), collections.Counter()
        self.clean = 0
        self.names = []  # of columns with a parameter
        self.units = {}
        self.sample = Sample()
        self.unread = []

    def add(self, path):
        try:
            with fits.open(path, memmap=False) as hdus:
                header, data = hdus["RVTAB"].header, hdus["RVTAB"].data
                self.files += 1
                if len(data):
                    self.add_rows(header, data)
        except (OSError, KeyError, ValueError, TypeError) as error:
            self.unread.append((path, " ".join(str(error).split())))

    def add_rows(self, header, data):
        self.rows += len(data)
        self.status.update(str(status).strip() for status in data["STATUS"])
        warnings = np.asarray(data["RVS_WARN"], np.int64)
        self.clean += int(np.sum(warnings == 0))
        for bit in range(63):
            count = int(np.sum(warnings >> bit & 1))
            if count:
                self.bits[1 << bit] += count
        columns = {}
        for name in (n for n in data.names if n + "_ERR" in data.names and data[n].ndim == 1):
            if name not in self.names:
                self.names.append(name)
                self.units[name] = data.columns[name].unit or ""
            columns[name] = np.asarray(data[name], float)
            columns[name + "_ERR"] = np.asarray(data[name + "_ERR"], float)
        with np.errstate(divide="ignore", invalid="ignore"):
            columns["CHI2N"] = np.asarray(data["CHISQ_TOT"], float) / np.asarray(data["NPIX_TOT"], float)
        self.sample.add(columns)


def inline(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    pyplot.close(figure)
    return inline_bytes(stream.getvalue())


def inline_bytes(picture):
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'


def histogram(axes, values, label, logarithmic=False):
    values = values[np.isfinite(values) & ((values > 0) | (not logarithmic))]
    axes.set_xlabel(label, fontsize="small")
    axes.tick_params(labelsize="small")
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if not len(values):
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color="0.5")
        axes.set_xticks([])
        return
    low, high = np.percentile(values, [0.5, 99.5])
    count = int(np.clip(1.5 * np.sqrt(len(values)), 10, 40))
    if logarithmic and high > 10 * low:
        bins = np.geomspace(low, high, count + 1)
        axes.set_xscale("log")
    else:
        bins = np.linspace(low, high, count + 1) if high > low else count
    axes.hist(values, bins, color=BARS)
    axes.axvline(np.median(values), color=LINE, linewidth=1.2)
    axes.set_title(f"median {np.median(values):.4g}", fontsize="small", color=LINE, loc="right")


def distributions(tables):
    """One picture of parameters above their errors, and one of chi2/N."""
    names, sample = tables.names, tables.sample.columns
    pictures = []
    for first in range(0, len(names), 4):
        some = names[first:first + 4]
        figure, grid = pyplot.subplots(2, len(some), figsize=(2.9 * len(some), 4), dpi=110, squeeze=False,
                                       layout="constrained")
        for (above, below), name in zip(grid.T, some):
            unit = f" [{tables.units[name]}]" if tables.units[name] else ""
            histogram(above, sample[name], name + unit)
            histogram(below, sample[name + "_ERR"], f"{name}_ERR{unit}", logarithmic=True)
        pictures.append(inline(figure))
    figure, grid = pyplot.subplots(1, 2 if {"TEFF", "LOGG"} <= set(names) else 1, figsize=(8.7, 3), dpi=110, squeeze=False,
                                   layout="constrained")
    histogram(grid[0, 0], sample["CHI2N"], r"$\chi^2/N$", logarithmic=True)
    if grid.size > 1:
        axes = grid[0, 1]
        axes.plot(sample["TEFF"], sample["LOGG"], ".", markersize=2, alpha=0.5, color=BARS)
        axes.invert_xaxis()
        axes.invert_yaxis()
        axes.set_xlabel("TEFF [K]", fontsize="small")
        axes.set_ylabel("LOGG", fontsize="small")
        axes.tick_params(labelsize="small")
    pictures.append(inline(figure))
    return "\n".join(f"<p>{picture}</p>" for picture in pictures)


def table_of(rows, head=None, numbers=()):
    """An HTML table; columns `numbers` are numbers."""
    lines = ["<tr>" + "".join(f"<th>{escaped(cell)}</th>" for cell in head) + "</tr>"] if head else []
    for row in rows:
        cells = (f'<td class="n">{escaped(cell)}</td>' if n in numbers else f"<td>{escaped(cell)}</td>"
                 for n, cell in enumerate(row))
        lines.append("<tr>" + "".join(cells) + "</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def share(count, rows):
    return f"{100 * count / rows:.3g} %" if rows else ""


def counts(tables, words):
    rows = tables.rows
    status = [(name, f"{count}", share(count, rows)) for name, count in tables.status.most_common()]
    warnings = [("no warning", f"{tables.clean}", share(tables.clean, rows))]
    warnings += [(words.get(bit, f"bit {bit}"), f"{count}", share(count, rows))
                 for bit, count in sorted(tables.bits.items())]
    return ("<h2>Status</h2>\n" + table_of(status, ("status", "spectra", ""), (1, 2))
            + "\n<h2>Warnings (RVS_WARN)</h2>\n" + table_of(warnings, ("warning", "spectra", ""), (1, 2))
            + '\n<p class="few">A spectrum can have several.</p>')


def failures(run, tables):
    count = run.get("failed_count", 0)
    lines = [(path_of(name), line) for name, line in run.get("failed", [])]
    told = f"<h2>Files that failed: {count}</h2>\n" if count else ""
    if lines:
        told += table_of(lines, ("file", "why"))
    if count > len(lines):
        told += f'\n<p class="few">and {count - len(lines)} more; the log has them all.</p>'
    if tables.unread:
        told += f"\n<h2>Tables that cannot be read: {len(tables.unread)}</h2>\n" + table_of(tables.unread[:100])
    return told


def settings(run):
    summary = run.get("summary", {})
    rows = [("command", f"{run.get('program', '')} {run.get('command', '')}")]
    rows += [(f"library: {key}", value) for key, value in run.get("library", [])]
    rows += [(name, version) for name, version in run.get("software", [])]
    rows += [(key.replace("_", " "), summary[key]) for key in ("execution_space", "threads", "processes", "precision")
             if key in summary]
    told = "<h2>Settings</h2>\n" + table_of(rows)
    if run.get("config"):
        told += f"\n<p>Settings file:</p><pre>{escaped(run['config'])}</pre>"
    if "seconds" in summary:
        seconds = [(name, f"{value:.2f}") for name, value in summary["seconds"].items()]
        told += "\n<h2>Seconds of each phase</h2>\n" + table_of(seconds, numbers=(1,))
        told += '\n<p class="few">Phases overlap: their sum may exceed the total.</p>'
    return told


def worst(run):
    told = []
    for picture, text in run.get("worst", []):
        with open(path_of(picture), "rb") as file:
            told.append(f"<p>{escaped(text)}<br>{inline_bytes(file.read())}</p>")
    return f"<h2>The worst fits, by chi2/N</h2>\n" + "\n".join(told) if told else ""


def files_text(count):
    return "1 file was" if count == 1 else f"{count} files were"


def page_of(run):
    tables = Tables()
    for name in run["tables"]:
        tables.add(path_of(name))
    words = {int(bit): text for bit, text in run.get("warnings", [])}
    title = (f"{run.get('program', 'rvfit')}: {tables.rows} spectr{'um' if tables.rows == 1 else 'a'} in "
             f"{tables.files} file{'' if tables.files == 1 else 's'}")
    speed = run.get("summary", {}).get("stars_per_second")
    facts = [f"{speed:.3g} spectra a second" if speed else "",
             f"{files_text(run['passed_over'])} passed over, and counted here: the tables were there"
             if run.get("passed_over") else ""]
    parts = [f"<h1>{escaped(title)}</h1>", *(f"<p>{escaped(fact)}</p>" for fact in facts if fact),
             failures(run, tables), counts(tables, words)]
    if tables.rows:
        parts += ["<h2>Distributions</h2>", distributions(tables)]
    parts += [worst(run), settings(run)]
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escaped(title)}</title>\n'
            f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(part for part in parts if part) + "\n</body></html>\n")


def write_page(run):
    page = path_of(run["page"])
    text = page_of(run)
    if "temporary" in run:  # a name that a later run knows for that of a dead process
        temporary = path_of(run["temporary"])
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    else:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(page) or ".", prefix=".report", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, page)
    except BaseException:
        os.unlink(temporary)
        raise


def main(arguments):
    if arguments[0] == "--tables":
        def quoted(path):
            return "".join(f"%{byte:02X}" for byte in os.fsencode(path))
        write_page({"page": quoted(arguments[1]), "tables": [quoted(path) for path in arguments[2:]]})
    else:
        with open(arguments[0], encoding="utf-8") as file:
            write_page(json.load(file))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (IndexError, KeyError, OSError, ValueError) as error:
        sys.exit(f"report_fits.py: {type(error).__name__}: {error}".replace("\n", " "))
