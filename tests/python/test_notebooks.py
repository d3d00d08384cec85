# SPDX-License-Identifier: MIT
"""The notebooks run, from their first cell to their last, and are kept without what they show."""

import json
import os

import numpy as np
import pytest

DOCS = os.path.join(os.environ.get("RVFIT_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "../..")), "docs/notebooks")
NOTEBOOKS = sorted(name for name in os.listdir(DOCS) if name.endswith(".ipynb")) if os.path.isdir(DOCS) else []


def run(name, folder=None):
    """Names of a notebook's end; its figures are written into a folder, if one is given."""
    plt = pytest.importorskip("matplotlib.pyplot")
    with open(os.path.join(DOCS, name)) as file:
        notebook = json.load(file)
    names = {}
    try:
        for number, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] != "code":
                continue
            assert cell["outputs"] == [] and cell["execution_count"] is None, f"{name}: cell {number} is kept with outputs"
            exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), names)
            for figure in map(plt.figure, plt.get_fignums()):
                figure.canvas.draw()
                if folder is not None:
                    figure.savefig(os.path.join(folder, f"{name}-{number}-{figure.number}.png"), dpi=60)
            plt.close("all")
    finally:
        plt.close("all")
    return names


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name not in ("first_fit.ipynb", "own_survey.ipynb", "million_curves.ipynb")])
def test_others(name):
    run(name, os.environ.get("RVFIT_FIGURES"))


def test_first_fit():
    names = run("first_fit.ipynb", os.environ.get("RVFIT_FIGURES"))
    # The standard deviation of 96 pulls, seven percent of it, and a few outliers at S/N 5.
    assert 0.7 < np.std(np.clip(names["pull"], -5, 5)) < 1.5


def test_own_survey():
    names = run("own_survey.ipynb", os.environ.get("RVFIT_FIGURES"))
    assert np.mean(names["result"].rejected["DESI_R"][names["rays"] & ~names["mask"]]) > 0.9
    # Errors are some tenths of km/s to 2 km/s.
    assert np.median(np.abs(names["result"]["VRAD"] - names["truth_rv"])) < 2
    samples, rv = names["samples"], names["rv"]
    # 3,200 samples, some hundred of them independent: the width is good to a tenth.
    assert 0.6 < samples[:, rv].std() / names["result"]["VRAD_ERR"][3] < 1.7


def test_million_curves():
    names = run("million_curves.ipynb", os.environ.get("RVFIT_FIGURES"))
    assert np.all(np.abs(np.std(names["pulls"], axis=0) - 1) < 0.1) and names["found"].converged.all()
    assert list(names["few"].status[:3]) == ["converged", "converged", "no_valid_pixels"]
    assert np.array_equal(names["streamed"], names["found"]["center"])
