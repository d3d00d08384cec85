# SPDX-License-Identifier: MIT
"""tools/emulator_file.py: the example of docs/emulator_file.md, files there and back, and what is refused."""
import copy
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "..", "..")
sys.path[:0] = [HERE, os.path.join(SOURCE, "tools")]
import emulator_file  # noqa: E402
import fits_emulator  # noqa: E402
from emulator_file import Grid, Layer, ToolError, read_emulator, write_emulator  # noqa: E402

LIGHT_SPEED = 299792.458  # km/s


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Run the page's example; return its variables, and the file that it wrote."""
    with open(os.path.join(SOURCE, "docs", "emulator_file.md"), encoding="utf-8") as page:
        block, = re.findall(r"```python\n(.*?)```", page.read(), re.DOTALL)
    folder, before = tmp_path_factory.mktemp("example"), os.getcwd()
    variables = {}
    os.chdir(folder)
    try:
        block = block.replace('"tools"', repr(os.path.join(SOURCE, "tools")))
        exec(compile(block, "emulator_file.md", "exec"), variables)
    finally:
        os.chdir(before)
    return variables, str(folder / "library.fits")


def test_example_holds_its_templates(example):
    variables, path = example
    blue, red = (fits_emulator.FitsArm(path, arm) for arm in ("blue", "red"))
    np.testing.assert_allclose(blue.wave(), np.exp(variables["blue"]), rtol=1e-12)  # header cards have 16 digits
    row = blue.hdu("NODES").data[2, 1]
    template = variables["template"](variables["blue"], 5000, 2)
    np.testing.assert_allclose(np.exp(blue.hdu("TEMPLATES").data[row]), template, rtol=2e-7)  # ln T below 1 in float32
    assert blue.hdu("NODES").data[4, 0] == -1
    # A plane is no line profile: the depth is right to a few per cent of the continuum.
    x = red.scaled([[5000.0, 3.0]])
    assert np.all(red.distance(x) < 0) and red.distance(red.scaled([[6100.0, 3.0]])) > 0
    assert np.max(abs(red.template(x)[0] - variables["template"](variables["red"], 5000, 3))) < 0.05


def test_example_is_fitted(example, tmp_path):
    """rvfit reads the file: a spectrum of a node's template, at 100 km/s, has the node's labels."""
    program = os.path.join(os.environ.get("RVFIT_BIN_DIR", ""), "rvfit_table")
    if not os.path.exists(program):
        pytest.skip("the programs are not built")
    variables, library = example
    wave = np.arange(5050.0, 5150.0, 0.5)
    flux = 7.0 * variables["template"](variables["blue"], 5000.0, 3.0)
    flux = np.interp(np.log(wave / (1.0 + 100.0 / LIGHT_SPEED)), variables["blue"], flux)
    columns = [fits.Column("wave", "D", array=wave), fits.Column("flux", "D", array=flux),
               fits.Column("error", "D", array=np.full(wave.size, 0.1))]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "star.fits")
    subprocess.run([program, "--emulator", library, "--arm", "blue", "--npoly", "3", "--fix-param", "vsini=0",
                    "--quiet", "--output-dir", str(tmp_path), str(tmp_path / "star.fits")], check=True)
    table = fits.getdata(tmp_path / "rvtab_star.fits", "RVTAB")
    assert table["STATUS_CODE"][0] == 1
    # No noise was added: offsets are those of interpolations between pixels, at most 0.15 of these errors.
    for column, truth in [("VRAD", 100.0), ("TEFF", 5000.0), ("LOGG", 3.0)]:
        assert abs(table[column][0] - truth) < 0.3 * table[column + "_ERR"][0], column


def test_what_is_written_is_read_back(example, tmp_path):
    _, path = example
    library = read_emulator(path)
    assert library.names == ["teff", "logg"] and library.units == ["K", "dex"]
    assert [arm.pixels for arm in library.arms] == [1200, 1200] and library.arms[1].grid is None
    library.names[1], library.units = "vmic", ["K", "km/s"]
    library.arms[1].lsf_sigma, library.arms[1].medium = 0.7, "AIR"
    write_emulator(library, str(tmp_path / "again.fits"))
    again = read_emulator(str(tmp_path / "again.fits"))
    assert again.names[1] == "vmic" and again.units[1] == "km/s" and again.arms[1].lsf_sigma == 0.7
    assert [arm.medium for arm in again.arms] == [None, "AIR"]
    for ours, theirs in zip(again.arms, library.arms):
        np.testing.assert_array_equal(ours.wave(), theirs.wave())
    np.testing.assert_array_equal(again.arms[0].grid.templates, library.arms[0].grid.templates)
    np.testing.assert_array_equal(again.arms[1].layers[0].weight, library.arms[1].layers[0].weight)
    np.testing.assert_array_equal(again.arms[1].domain, library.arms[1].domain)


def test_scaled_and_physical_are_inverse(example):
    arm = read_emulator(example[1]).arms[1]
    arm.offset, arm.scale = np.array([3.7, 3.0]), np.array([0.1, 2.0])
    labels = np.array([[4200.0, 1.5], [5900.0, 4.5]])
    np.testing.assert_allclose(arm.physical(arm.scaled(labels)), labels, rtol=1e-13)  # a logarithm and its inverse


def change(field, value):
    return lambda arm: setattr(arm, field, value)


@pytest.mark.parametrize("arm, edit, message", [
    (1, change("scale", np.array([1.0, 0.0])), "red: scale is not positive"),
    (1, change("scale", np.ones(3)), r"red: scale is \(3,\) expected \(2,\)"),
    (1, change("offset", np.array([np.nan, 0.0])), "red: offset, scale or wavelengths has a number that is not finite"),
    (1, change("grid_type", "LN"), "red: grid_type is LN expected LOG"),
    (1, change("grid_step", 0.0), "red: grid_step is 0.0 expected a positive one"),
    (1, change("output", "POW"), "red: output is POW"),
    (1, change("medium", "air"), "red: medium is air expected VACUUM or AIR"),
    (1, change("name", "BLUE"), "emulator: an arm is named twice"),
    (1, change("layers", []), "red: a network without layers, and no grid"),
    (1, change("layers", [Layer(np.ones((9, 3)), np.ones(9), "SILU")]),
     r"red: weight of layer 0 is \(9, 3\) expected \(outputs, 2\)"),
    (1, change("layers", [Layer(np.ones((9, 2)), np.ones(8), "SILU")]),
     r"red: bias of layer 0 is \(8,\) expected \(9,\)"),
    (1, change("layers", [Layer(np.ones((9, 2)), np.ones(9), "GELU")]), "red: activation of layer 0 is GELU"),
    (1, change("layers", [Layer(np.ones((7, 2)), np.ones(7), "SILU")]), "red: 7 pixels, expected at least 8"),
    (1, change("domain", np.ones((4, 2))), r"red: domain is \(4, 2\) expected \(half-spaces, 3\)"),
    (0, change("grid", Grid([np.arange(3.0)], np.arange(3), np.ones((3, 9)))), "blue: a grid of 1 axes, expected 2"),
    (0, lambda arm: arm.grid.axes.__setitem__(1, arm.grid.axes[1][::-1]), "blue: axis 1, expected at least 2 numbers"),
    (0, lambda arm: arm.grid.nodes.__setitem__((0, 0), 1), "blue: each of the 24 templates must be at one node"),
    (0, lambda arm: setattr(arm.grid, "nodes", arm.grid.nodes.T[:3]), r"blue: nodes are \(3, 5\) expected \(5, 5\)"),
    (0, lambda arm: arm.grid.templates.__setitem__((3, 3), np.inf), "blue: templates has a number that is not finite")])
def test_bad_arms_are_refused(example, tmp_path, arm, edit, message):
    library = copy.deepcopy(read_emulator(example[1]))
    edit(library.arms[arm])
    with pytest.raises(ToolError, match=message):
        write_emulator(library, str(tmp_path / "bad.fits"))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("field, value, message", [
    ("names", ["teff", "teff"], "a label is named twice"), ("upper", [6000.0], "upper has 1 entries, expected 2"),
    ("upper", [6000.0, 1.0], "lower is not below upper"), ("lower", [-1.0, 1.0], "log10 of a label whose lower edge"),
    ("units", ["K"], "units has 1 entries"), ("arms", [], "no arms")])
def test_bad_labels_are_refused(example, tmp_path, field, value, message):
    library = read_emulator(example[1])
    setattr(library, field, value)
    with pytest.raises(ToolError, match=message):
        write_emulator(library, str(tmp_path / "bad.fits"))


def test_a_grid_without_a_whole_cell_is_refused(example, tmp_path):
    library = read_emulator(example[1])
    grid = library.arms[0].grid
    diagonal = np.full((5, 5), -1)
    np.fill_diagonal(diagonal, np.arange(5))
    library.arms[0].grid = Grid(grid.axes, diagonal, grid.templates[:5])
    with pytest.raises(ToolError, match="no cell of the grid has a template at every corner"):
        write_emulator(library, str(tmp_path / "bad.fits"))


def test_every_public_name_is_documented():
    for name in emulator_file.__all__:
        thing = getattr(emulator_file, name)
        assert name == "FORMAT_VERSION" or thing.__doc__ and not thing.__doc__.startswith(f"{name}("), name
