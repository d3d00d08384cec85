#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The solver on cases from public reports about other solvers, as docs/solver_cases.md.

    tools/solver_cases.py CASES FOLDER > docs/solver_cases.md

CASES has the programs' sources (cases, rank, edges, mgh), scipy_least_squares.txt and mgh_ref.json; FOLDER takes the build, which lasts minutes.
A program is built and run unless FOLDER/NAME.json is there.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys

PROGRAMS = ["cases", "rank", "edges", "mgh"]
TITLES = {
    "1": "The size of the data", "2": "Starts near 0, differences", "3": "Widths on bounds",
    "4": "Starts that are too small", "5": "Counts without events", "6": "Data of tiny numbers",
    "8": "What the data do not determine", "9": "Edges",
}
# Names of scipy_least_squares.txt that differ by more than spaces.
ALIASES = {
    "2linea0=1e-15differences": "2linedifferencesa0=1e-15",
    "2linea0=1e-15exact": "2linedualsa0=1e-15",
    "8scipy12715": "8scipy12715rank5of6,x*1",
    "8nearlyidenticalcolumns0": "8twoidenticalcolumns+slope",
    "9onepointused": "9onepointusedof31",
    "9weights20,1e-20,1e20": "9weights20,1e-20andone1e20",
}


def key(name):
    """A name without spaces, its numbers as %g writes them."""
    name = name.replace("hyperspy1660", "hyperspy").replace("line 1e6 ", "line ")
    name = re.sub(r"\bdual\b", "duals", name)
    number = r"(?<![A-Za-z0-9.])[+-]?\d+\.?\d*(?:e[+-]?\d+)?(?![A-Za-z0-9.])"
    name = re.sub(number, lambda m: f"{float(m[0]):g}", name)
    name = re.sub(r"(x0=\S+) differences", r"\1", name)
    name = name.replace(" ", "")
    return ALIASES.get(name, name)


def build_and_run(cases, folder):
    """Rows of every program, {name: [line]}."""
    source = os.path.join(folder, "source")
    missing = [p for p in PROGRAMS if not os.path.exists(os.path.join(folder, p + ".json"))]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if missing:
        shutil.copytree(cases, source, dirs_exist_ok=True)
        header = os.path.join(source, "harness.hpp")
        os.chmod(header, 0o644)
        text = open(header).read().replace("rvfit/solver/residual_fits.hpp",
                                           "rvfit/residual/residual_fitter.hpp")
        open(header, "w").write(text)
        build = os.path.join(folder, "build")
        subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DRVFIT={root}",
                        "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=sys.stderr)
        subprocess.run(["cmake", "--build", build, "--target", *missing], check=True,
                       stdout=sys.stderr)
        for program in missing:
            with open(os.path.join(folder, program + ".json"), "w") as out:
                subprocess.run([os.path.join(build, program)], check=True, stdout=out)
    rows = {}
    for program in PROGRAMS:
        rows[program] = open(os.path.join(folder, program + ".json")).read().splitlines()
    return rows


def read_scipy(path):
    """{name: {method: F}} of scipy's least_squares."""
    out = {}
    for line in open(path):
        found = re.match(r"(\d .*?)\s+((?:lm|trf|trfj) .*)", line)
        if found:
            runs = re.findall(r"\b(lm|trf|trfj) (\S+) n\d+ s\d", found[2])
            out[key(found[1])] = {method: float(value) for method, value in runs}
    return out


def data_of(case):
    """The part of a case's name that says its data and bounds: starts of the same data have one minimum."""
    return re.sub(r" scale 1e-16| (start|ampl|near|x0|a0)\b.*", "", case)


def is_right(value, best):
    return value is not None and value <= best * (1 + 1e-4) + 1e-300


def cell(value, best, status=None):
    """`right`, or F, with the status where there is one."""
    if value is None or math.isnan(value):
        return f"`{status}`" if status else ""
    text = "right" if is_right(value, best) else f"F = {value:.4g}"
    return f"{text}, `{status}`" if status else text


def table(lines, scipy):
    """One row a case; the best from all starts is right, F below 1e-20 is a perfect fit."""
    runs, order = {}, []
    for line in lines:
        if not line.startswith("{"):
            continue
        row = json.loads(line)
        if row["case"] not in runs:
            order.append(row["case"])
            runs[row["case"]] = {}
        runs[row["case"]][row["set"]] = row
    least = {}
    for case in order:
        found = [s["F"] for s in runs[case].values() if s.get("F") is not None]
        found += scipy.get(key(case), {}).values()
        if found:
            least[data_of(case)] = min([least.get(data_of(case), math.inf), *found])
    title = None
    for case in order:
        others = scipy.get(key(case), {})
        sets = runs[case]
        best = least.get(data_of(case), math.nan)
        best = max(best, 1e-20) if case[0] == "9" or "a0" in case or "x0" in case else best
        if case[0] != title:
            title = case[0]
            print(f"\n## {TITLES.get(title, title)}\n")
            print("| case | least F | default | last digit | MINPACK | scipy trf | trf, scaled |")
            print("|---|---|---|---|---|---|---|")
        cells = []
        for name in ["default", "digit"]:
            run = sets.get(name)
            if run is None:
                cells.append("")
            elif "threw" in run:
                cells.append("refused: " + run["threw"].replace("|", "\\|"))
            else:
                cells.append(cell(run.get("F"), best, run["status"]))
        cells += [cell(others.get(method), best) for method in ["lm", "trf", "trfj"]]
        shown = "" if math.isnan(best) else f"{best:.5g}"
        print(f"| {case[2:]} | {shown} | " + " | ".join(cells) + " |")


def bounded(lines, reference):
    """The bounded problems against the best known values."""
    print("\n## Bounded problems of More, Garbow and Hillstrom\n")
    print("| problem | best known F | default | last digit | scipy trf | dogbox |")
    print("|---|---|---|---|---|---|")
    runs, right = {}, {"default": 0, "digit": 0, "trf": 0, "dogbox": 0}
    for line in lines:
        if line.startswith("{"):
            row = json.loads(line)
            runs.setdefault(row["case"], {})[row["set"]] = row
    for case, sets in runs.items():
        known = reference[case]
        best = known["ref"] + 1e-8
        cells = []
        for name in ["default", "digit"]:
            run = sets[name]
            right[name] += is_right(run["F"], best)
            cells.append(cell(run["F"], best, run["status"]))
        for name in ["trf", "dogbox"]:
            right[name] += is_right(known[name], best)
            cells.append(cell(known[name], best))
        print(f"| {case.replace('_B', '').replace('_', ' ')} | {known['ref']:.6g} | "
              + " | ".join(cells) + " |")
    total = " | ".join(f"{right[name]} of {len(runs)}" for name in right)
    print(f"| | | {total} |")


def main():
    cases, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    rows = build_and_run(cases, folder)
    scipy = read_scipy(os.path.join(cases, "scipy_least_squares.txt"))
    print("""# Cases from public reports

Models, data and starts from reports about scipy, lmfit, astropy, sherpa, hyperspy, LsqFit.jl, symfit and others, and the bounded problems of More, Garbow and
Hillstrom. `default` are the options of `LmOptions{}`, `last digit` those of [solver.md](solver.md); MINPACK (`lm`) and `trf`, the latter also with
`x_scale='jac'`, are scipy's `least_squares` from the same start, where it was run. `right` is an F within 1e-4 of the least from any start, or of the best known
value; else F is given. `tools/solver_cases.py` makes this page.""")
    table(rows["cases"] + rows["rank"] + rows["edges"], scipy)
    bounded(rows["mgh"], json.load(open(os.path.join(cases, "mgh_ref.json"))))


if __name__ == "__main__":
    main()
