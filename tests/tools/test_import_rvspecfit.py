# SPDX-License-Identifier: MIT
"""tools/import_rvspecfit.py against torch and scipy on tiny libraries, every refusal, and the real library if there."""
import os
import subprocess
import sys
import warnings

import h5py
import numpy as np
import pytest
import scipy.spatial

torch = pytest.importorskip("torch")
HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, "..", "..", "tools")
sys.path[:0] = [HERE, TOOLS]
import emulator_file  # noqa: E402
import fits_emulator  # noqa: E402
import import_rvspecfit  # noqa: E402
import tiny_library as tiny  # noqa: E402
from command_line import ToolError  # noqa: E402

torch.set_num_threads(1)
SETUPS = ("tiny_b", "tiny_r")
SHARED = os.path.join(os.environ.get("RVFIT_SHARED_DATA", ""), "rvspecfit_nn")
SHARED_GRID = os.path.join(os.environ.get("RVFIT_SHARED_DATA", ""), "rvspecfit_grid_small")
# Weights are float32 after folding: relative rounding 6e-8 each, grown by the sums of 12 terms through 5 layers.
# Measured 8e-8, margin 13.
TOLERANCE = 1e-6


def import_to(folder, output, setups=SETUPS, *more):
    return import_rvspecfit.main([str(folder), "--setups", ",".join(setups), "--output", str(output), *more])


def random_inputs(count=50):
    return np.random.default_rng(5).uniform(-2, 2, (count, 4))


def torch_template(network, x):
    with torch.no_grad():
        return np.exp(network.double().eval()(torch.from_numpy(np.asarray(x, float))).numpy())


def assert_same_templates(path, networks, x):
    for setup, network in networks.items():
        ours, theirs = fits_emulator.FitsArm(path, setup).template(x), torch_template(network, x)
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, err_msg=setup)


@pytest.mark.parametrize("legacy", [False, True], ids=["container", "bare state dict"])
@pytest.mark.parametrize("with_batch_norm", [False, True], ids=["no batch norm", "batch norm"])
def test_templates_agree_with_torch(tmp_path, legacy, with_batch_norm):
    networks = tiny.write_library(tmp_path, legacy=legacy, with_batch_norm=with_batch_norm)
    import_to(tmp_path, tmp_path / "E.fits")
    assert_same_templates(tmp_path / "E.fits", networks, random_inputs())


@pytest.mark.parametrize("nonlinearity", ["SiLU", "ReLU", "LeakyReLU", "Sigmoid", "Tanh", "Identity"])
def test_every_nonlinearity_agrees_with_torch(tmp_path, nonlinearity):
    networks = tiny.write_library(tmp_path, nonlinearity=nonlinearity)
    import_to(tmp_path, tmp_path / "E.fits")
    assert_same_templates(tmp_path / "E.fits", networks, random_inputs())
    arm = fits_emulator.FitsArm(tmp_path / "E.fits", "tiny_b")
    assert [arm.hdu(f"W{k}").header["ACTIV"] for k in range(5)] == [nonlinearity.upper()] * 4 + ["IDENTITY"]


def test_batch_norm_matters(tmp_path):
    """Guards the guard: without folding, the tiny networks would differ by far more than the tolerance."""
    network = tiny.write_library(tmp_path)["tiny_b"]
    x = random_inputs()
    folded = torch_template(network, x)
    for name, tensor in network.state_dict().items():
        if "running_mean" in name:
            tensor.zero_()
    assert np.abs(torch_template(network, x) / folded - 1).max() > 0.01  # ten thousand tolerances


def test_header_grid_and_labels(tmp_path):
    tiny.write_library(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # checksums are verified on opening
        import_to(tmp_path, tmp_path / "E.fits", SETUPS, "--lsf-sigma", "0.5,0.7")
        arm = fits_emulator.FitsArm(tmp_path / "E.fits", "tiny_r")
    primary = arm.primary
    assert (primary["RVFITFMT"], primary["RVFITVER"], primary["NPAR"], primary["NARM"]) == ("EMULATOR", 1, 4, 2)
    assert (primary["ARM0"], primary["ARM1"], primary["LIBRARY"]) == (*SETUPS, tmp_path.name)
    assert "/" not in str(primary["HISTORY"]) and "E.fits" in str(primary["HISTORY"])
    assert all("CHECKSUM" in hdu.header and "DATASUM" in hdu.header for hdu in arm.arm.values())
    assert arm.header["LSFSIGMA"] == 0.7 and arm.header["REVISION"] == "tiny" and arm.header["SOFTVER"] == ""
    np.testing.assert_allclose(arm.wave(), tiny.log_wave(), rtol=1e-14)  # header cards have 16 digits
    labels = arm.parameters
    assert list(labels["NAME"]) == tiny.NAMES and list(labels["UNIT"]) == ["K", "dex", "dex", "dex"]
    assert list(labels["LOWER"]) == [4000, 0, -2, 0] and list(labels["UPPER"]) == [7000, 4.5, 0, 0.4]
    assert list(arm.hdu("INPUT").data["LOG10"]) == [True, False, False, False]
    x = arm.scaled([[4000, 0, -2, 0], [7000, 4.5, 0, 0.4]])
    points = tiny.make_description("x", tiny.log_wave())["outside_kwargs"]["pts"]
    np.testing.assert_allclose(x, [points.min(0), points.max(0)], rtol=0, atol=1e-5)  # points are float32: 1e-6


def test_a_linear_grid_is_refused(tmp_path):
    tiny.write_library(tmp_path, wave=np.linspace(4000, 5000, 101), log_step=False)
    with pytest.raises(ToolError, match=r"uniform in ln\(wavelength\) \(log_step\), found linear ones"):
        import_to(tmp_path, tmp_path / "E.fits")


def test_domain_is_the_two_hulls(tmp_path):
    tiny.write_library(tmp_path)
    import_to(tmp_path, tmp_path / "E.fits")
    arm = fits_emulator.FitsArm(tmp_path / "E.fits", "tiny_b")
    points = tiny.make_description("x", tiny.log_wave())["outside_kwargs"]["pts"]
    x = np.random.default_rng(6).uniform(-3, 3, (2000, 4))
    inside = np.all([scipy.spatial.Delaunay(points[:, c]).find_simplex(x[:, c]) >= 0 for c in ([0, 1], [2, 3])],
                    axis=0)
    distance = arm.distance(x)
    assert 0.02 < inside.mean() < 0.98  # points on both sides
    np.testing.assert_array_equal(distance <= 0, inside)
    facets = [np.max(scipy.spatial.ConvexHull(points[:, c]).equations @ np.c_[x[:, c], np.ones(len(x))].T, axis=0)
              for c in ([0, 1], [2, 3])]
    # Twins of faces closer than 1e-9 are merged; x is up to 3.
    np.testing.assert_allclose(distance, np.max(facets, axis=0), rtol=0, atol=1e-8)
    rows = arm.hdu("DOMAIN").data
    # Four squares, a root and a quotient.
    np.testing.assert_allclose(np.linalg.norm(rows[:, :-1], axis=1), 1, rtol=0, atol=1e-15)
    assert rows.shape == (5 + 4, 5)  # a box with a corner cut off, and a box


# Refusals: what is done to a good library, and what the message must name.

def change_description(folder, **changes):
    description = tiny.make_description("tiny_r", tiny.log_wave())
    for key, value in changes.items():
        if key in ("pts", "class_kwargs"):
            description["outside_kwargs" if key == "pts" else key].update(value)
        elif value is KeyError:
            del description[key]
        else:
            description[key] = value
    tiny.save_description(os.path.join(folder, "interp_tiny_r.h5"), description)


def change_state(folder, tensors=(), remove=(), add=(), **changes):
    checkpoint = tiny.container(tiny.make_network(101, seed=1), **changes)
    state = checkpoint["state_dict"]
    for key, value in tensors:
        state[key] = value
    for key in remove:
        del state[key]
    for key in add:
        state[key] = torch.zeros(3)
    torch.save(checkpoint, os.path.join(folder, "NNstate_tiny_r.sav"))


def truncate(path):
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)


def old_serializer(folder):
    tiny.save_description(os.path.join(folder, "interp_tiny_r.h5"), {}, version=0)


def pickled_entry(folder):
    with h5py.File(os.path.join(folder, "interp_tiny_r.h5"), "a") as file:
        file["git_rev"].attrs["type"] = "pickle"


def bent_grid():
    wave = tiny.log_wave()
    wave[50] *= 1 + 1e-7
    return wave


REFUSALS = {
    "description missing": (lambda d: os.remove(d / "interp_tiny_r.h5"), "interp_tiny_r.h5: no such file"),
    "state missing": (lambda d: os.remove(d / "NNstate_tiny_r.sav"), "NNstate_tiny_r.sav: no such file"),
    "description truncated": (lambda d: truncate(d / "interp_tiny_r.h5"), "expected an HDF5 file"),
    "state truncated": (lambda d: truncate(d / "NNstate_tiny_r.sav"), "expected a torch state file"),
    "state no torch file": (lambda d: (d / "NNstate_tiny_r.sav").write_text("x"), "expected a torch state file"),
    "serializer version": (old_serializer, "serializer version 0, expected 1"),
    "pickled entry": (pickled_entry, "git_rev is stored as type 'pickle'"),
    "key missing": (lambda d: change_description(d, lam=KeyError), "has no 'lam'"),
    "grid of a network": (lambda d: change_description(d, interpolation_type="regulargrid"),
                          "mapper_module 'rvspecfit.nn.NNInterpolator', expected 'rvspecfit.read_grid'"),
    "triangulation": (lambda d: change_description(d, interpolation_type="triangulation"),
                      "mapper_module 'rvspecfit.nn.NNInterpolator', expected 'rvspecfit.read_grid'"),
    "interpolation": (lambda d: change_description(d, interpolation_type="other"),
                      "interpolation_type 'other', expected 'generic', 'regulargrid' or 'triangulation'"),
    "interpolator": (lambda d: change_description(d, class_name="Other"), "class_name 'Other'"),
    "outside class": (lambda d: change_description(d, outside_class_name="Other"), "outside_class_name 'Other'"),
    "mapper": (lambda d: change_description(d, mapper_class_name="Other"),
               "mapper_class_name 'Other', expected 'Mapper'"),
    "mapper module": (lambda d: change_description(d, mapper_module="other"), "mapper_module 'other'"),
    "mapper arguments": (lambda d: change_description(d, mapper_args=(np.ones(3), np.ones(3), [0])), "of 4 labels"),
    "mapper scale": (lambda d: change_description(d, mapper_args=(np.ones(4), np.zeros(4), [0])), "positive scales"),
    "linear spectrum": (lambda d: change_description(d, log_spec=False), "log_spec is False"),
    "non-linearity": (lambda d: change_description(d, class_kwargs={"nonlinearity": "GELU"}),
                      "nonlinearity 'GELU', expected one of SiLU"),
    "pixels": (lambda d: change_description(d, class_kwargs={"npix": 99}), "class_kwargs/npix 99, expected 101"),
    "inputs": (lambda d: change_description(d, class_kwargs={"indim": 5}), "class_kwargs/indim 5, expected 4"),
    "width": (lambda d: change_description(d, class_kwargs={"width": None}), "class_kwargs/width"),
    "grid": (lambda d: change_description(d, lam=bent_grid()), "lam expected a grid uniform in ln(wavelength)"),
    "grid type": (lambda d: change_description(d, log_step=False), "expected uniform in ln(wavelength) (log_step)"),
    "points not finite": (lambda d: change_description(d, pts={"pts": np.full((9, 4), np.nan)}), "not finite"),
    "points of 3 labels": (lambda d: change_description(d, pts={"pts": np.ones((9, 3))}), "outside_kwargs/pts"),
    "points in a line": (lambda d: change_description(d, pts={"pts": np.ones((9, 4))}), "that span an area"),
    "names differ": (lambda d: change_description(d, parnames=["teff", "logg", "feh", "cfe"]),
                     "parameter names differ between setups"),
    "batch norm missing": (lambda d: change_state(d, remove=["model.bn_1.weight"]),
                           "has no model.bn_1.weight, expected by class_kwargs (withbn True"),
    "batch norm not told": (lambda d: change_description(d, class_kwargs={"withbn": False}),
                            "has model.bn_1.bias, not expected by class_kwargs (withbn False"),
    "batch norm first": (lambda d: change_state(d, remove=["model.lin_1.bias"]), "has no model.lin_1.bias"),
    "unknown layer": (lambda d: change_state(d, add=["model.attention.weight"]), "has model.attention.weight"),
    "weights' shape": (lambda d: change_state(d, [("pc_layer.bias", torch.zeros(5))]), "pc_layer.bias of shape (5,)"),
    "weights not finite": (lambda d: change_state(d, [("pc_layer.bias", torch.full((101,), np.nan))]), "not finite"),
    "negative variance": (lambda d: change_state(d, [("model.bn_1.running_var", torch.full((12,), -1.0))]),
                          "model.bn_1.running_var is negative"),
    "architecture": (lambda d: change_state(d, nn_arch_version=2), "nn_arch_version 2, expected 1"),
    "container version": (lambda d: change_state(d, checkpoint_version=3), "checkpoint_version 3, expected 1"),
    "container magic": (lambda d: change_state(d, checkpoint_magic="x"), "checkpoint_magic 'x'"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(tmp_path, name):
    damage, message = REFUSALS[name]
    library = tmp_path / "library"
    library.mkdir()
    tiny.write_library(library)
    damage(library)
    with pytest.raises(ToolError) as error:
        import_to(library, tmp_path / "E.fits")
    assert message in str(error.value)
    assert os.listdir(tmp_path) == ["library"]  # no output, no temporary file


def test_program_says_errors_in_one_line(tmp_path):
    def call(*arguments):
        return subprocess.run([sys.executable, os.path.join(TOOLS, "import_rvspecfit.py"), *arguments],
                              capture_output=True, text=True, check=False)
    tiny.write_library(tmp_path)
    for arguments, message in [
            ([tmp_path / "none", "--setups", "a", "--output", "E.fits"], "no such folder"),
            ([tmp_path, "--setups", "tiny_b"], "--output"),
            ([tmp_path, "--setups", "tiny_b,TINY_B", "--output", "E.fits"], "expected different names"),
            ([tmp_path, "--setups", "tiny_b", "--output", "E.fits", "--lsf-sigma=-1"],
             "expected 1 numbers, none negative"),
            ([tmp_path, "--setups", "tiny_b", "--output", tmp_path / "none" / "E.fits"], "folder does not exist")]:
        answer = call(*map(str, arguments))
        assert answer.returncode == 2 and answer.stdout == ""
        assert answer.stderr.count("\n") == 1 and message in answer.stderr
    answer = call(str(tmp_path), "--setups", "tiny_b", "--output", str(tmp_path / "E.fits"))
    assert answer.returncode == 0 and "tiny_b: network 4-12-12-12-7-101" in answer.stdout


@pytest.mark.skipif(not os.path.isdir(SHARED), reason="skipped: RVFIT_SHARED_DATA has no rvspecfit_nn")
def test_real_library(tmp_path):
    setups = ["desi_b", "desi_r", "desi_z"]
    import_to(SHARED, tmp_path / "E.fits", setups)
    labels = np.array([[5777, 4.44, 0, 0], [4200, 1.5, -1.5, 0.4], [7800, 4.0, -0.3, 0.1], [3600, 4.9, -2.9, -0.1]])
    for setup in setups:
        arm = fits_emulator.FitsArm(tmp_path / "E.fits", setup)
        state = torch.load(os.path.join(SHARED, f"NNstate_{setup}.sav"), weights_only=True)["state_dict"]
        h = torch.from_numpy(arm.scaled(labels))
        for i in range(4):
            h = torch.nn.functional.silu(h @ state[f"model.lin_{i}.weight"].double().T + state[f"model.lin_{i}.bias"])
        expected = torch.exp(h @ state["pc_layer.weight"].double().T + state["pc_layer.bias"]).numpy()
        # Sums of 256 products in double: measured 1.1e-15, margin 18.
        np.testing.assert_allclose(arm.template(arm.scaled(labels)), expected, rtol=2e-14)
        assert np.all(arm.distance(arm.scaled(labels)) < 0) and arm.hdu("DOMAIN").data.shape == (8, 5)
        assert list(arm.parameters["LOWER"]) == [3500, 0, -3, -0.2]
        assert list(arm.parameters["UPPER"]) == [8000, 5, 0.5, 0.6]


# Regular grids.

def read_grid(path, setup):
    arm, = (arm for arm in emulator_file.read_emulator(str(path)).arms if arm.name == setup)
    return arm


def test_grid_is_imported_node_by_node(tmp_path):
    library = tiny.write_grid_library(tmp_path)
    import_to(tmp_path, tmp_path / "E.fits", SETUPS, "--lsf-sigma", "0.5,0.7")
    for setup, (description, spectra) in library.items():
        arm = read_grid(tmp_path / "E.fits", setup)
        assert (arm.output, arm.revision, arm.grid_type) == ("EXP", "tiny grid", "LOG") and arm.pixels == 101
        for axis, expected in zip(arm.grid.axes, tiny.GRID_AXES):
            np.testing.assert_array_equal(axis, expected)
        there = description["idgrid"] >= 0
        np.testing.assert_array_equal(arm.grid.nodes >= 0, there)
        assert sorted(arm.grid.nodes[there]) == list(range(there.sum()))
        np.testing.assert_array_equal(arm.grid.templates[arm.grid.nodes[there]],
                                      spectra[description["idgrid"][there]])
    parts = fits_emulator.FitsArm(tmp_path / "E.fits", "tiny_r")
    assert parts.header["LIBTYPE"] == "GRID" and parts.header["LSFSIGMA"] == 0.7 and "NLAYER" not in parts.header
    assert list(parts.parameters["LOWER"]) == [4000, 1, -2, 0]
    assert list(parts.parameters["UPPER"]) == [5500, 3, 0.5, 0.4]
    assert list(parts.hdu("INPUT").data["LOG10"]) == [True, False, False, False]


def test_grid_and_network_in_one_file(tmp_path):
    tiny.write_grid_library(tmp_path, ["tiny_b"])
    networks = tiny.write_library(tmp_path, ["tiny_r"])
    import_to(tmp_path, tmp_path / "E.fits")
    assert read_grid(tmp_path / "E.fits", "tiny_b").grid is not None
    assert_same_templates(tmp_path / "E.fits", networks, random_inputs())


def write_triangulation(folder, setup):
    """The grid of `tiny.write_grid_library` as rvspecfit triangulates it: moved points, and points around them."""
    description = tiny.make_grid_description(tiny.log_wave())
    random = np.random.default_rng(5)
    points = description["vec"] + random.uniform(-1e-6, 1e-6, description["vec"].shape)
    corners = np.array(np.meshgrid(*[[axis[0] - 1, axis[-1] + 1] for axis in tiny.GRID_AXES])).reshape(4, -1)
    spectra = tiny.grid_spectra(description["vec"], len(tiny.log_wave()), 0)
    for key in ("uvecs", "regular", "idgrid"):
        del description[key]
    flags = np.r_[np.zeros(points.shape[1]), np.ones(16)][:, None]
    description |= {"vec": np.hstack([points, corners]), "interpolation_type": "triangulation", "extraflags": flags}
    tiny.save_description(os.path.join(folder, f"interp_{setup}.h5"), description)
    with h5py.File(os.path.join(folder, f"interp_{setup}.h5"), "a") as file:
        file["triang"] = np.void(b"a pickled object")
        file["triang"].attrs["type"] = "pickle"
    np.save(os.path.join(folder, f"interpdat_{setup}.npy"), np.vstack([spectra, spectra[:16]]).astype(float))


def test_a_triangulation_of_a_grid_is_imported_node_by_node(tmp_path):
    tiny.write_grid_library(tmp_path, ("tiny_b",))
    write_triangulation(tmp_path, "tiny_r")
    import_to(tmp_path, tmp_path / "E.fits")
    emulator = emulator_file.read_emulator(str(tmp_path / "E.fits"))
    grid = emulator.arms[1].grid
    assert all(np.allclose(axis, expected, rtol=0, atol=1e-15)  # rounding of log10
               for axis, expected in zip(grid.axes, tiny.GRID_AXES))
    holes = np.argwhere(grid.nodes < 0).tolist()
    assert sorted(map(tuple, holes)) == sorted(tiny.GRID_HOLES)
    vectors = np.array([axis[index] for axis, index in zip(tiny.GRID_AXES, np.nonzero(grid.nodes >= 0))])
    assert np.array_equal(grid.templates[grid.nodes[grid.nodes >= 0]], tiny.grid_spectra(vectors, len(tiny.log_wave()), 0))
    assert list(emulator.lower) == [4000.0, 1.0, -2.0, 0.0] and list(emulator.upper) == [5500.0, 3.0, 0.5, 0.4]


def test_points_that_form_no_grid_say_what_to_do(tmp_path):
    write_triangulation(tmp_path, "tiny_r")
    description = tmp_path / "interp_tiny_r.h5"
    with h5py.File(description, "a") as file:
        inner = file["extraflags"][:, 0] == 0
        file["vec"][:, inner] = np.random.default_rng(1).uniform(1, 2, (4, inner.sum()))
    with pytest.raises(ToolError, match="points of its triangulation form no grid .* train_emulator.py"):
        import_to(tmp_path, tmp_path / "E.fits", ("tiny_r",))


def change_grid(folder, drop=None, spectra=None, **changes):
    description = tiny.make_grid_description(tiny.log_wave(), 1)
    original = tiny.grid_spectra(description["vec"], 101, 1)
    description.update(changes)
    description.pop(drop, None)
    tiny.write_grid_setup(folder, "tiny_r", description, original if spectra is None else spectra(original))


def nodes_with(*changes):
    nodes = tiny.make_grid_description(tiny.log_wave(), 1)["idgrid"]
    for where, value in changes:
        nodes[where] = value
    return nodes


def axes_with(j, values):
    return dict(tiny.enumerate_items([*tiny.GRID_AXES[:j], np.array(values), *tiny.GRID_AXES[j + 1:]]))


def set_nan(spectra):
    spectra[3, 5] = np.nan
    return spectra


GRID_REFUSALS = {
    "spectra missing": (lambda d: os.remove(d / "interpdat_tiny_r.npy"), "interpdat_tiny_r.npy: no such file"),
    "spectra truncated": (lambda d: truncate(d / "interpdat_tiny_r.npy"), "expected a NumPy array"),
    "spectra pickled": (lambda d: change_grid(d, spectra=lambda s: s.astype(object)), "expected a NumPy array"),
    "spectra of integers": (lambda d: change_grid(d, spectra=lambda s: s.astype(int)), "expected real numbers"),
    "spectra of other pixels": (lambda d: change_grid(d, spectra=lambda s: s[:, 1:]), "of 101 pixels"),
    "too few spectra": (lambda d: change_grid(d, spectra=lambda s: s[:-1]), "for more than 33 spectra"),
    "spectra not finite": (lambda d: change_grid(d, spectra=set_nan), "not finite"),
    "mapper": (lambda d: change_grid(d, mapper_class_name="Other"),
               "mapper_class_name 'Other', expected 'LogParamMapper'"),
    "mapper arguments": (lambda d: change_grid(d, mapper_args=np.array([[4]])), "log_ids among 4 labels"),
    "no axes": (lambda d: change_grid(d, drop="uvecs"), "has no 'uvecs'"),
    "axes of 3 labels": (lambda d: change_grid(d, uvecs=dict(tiny.enumerate_items(tiny.GRID_AXES[:3]))), "4 labels"),
    "axis decreases": (lambda d: change_grid(d, uvecs=axes_with(1, [3.0, 1.0])), "that increase for each label"),
    "axis of one": (lambda d: change_grid(d, uvecs=axes_with(1, [3.0])), "at least two numbers"),
    "nodes' shape": (lambda d: change_grid(d, idgrid=np.zeros((3, 2, 3, 3), int)), "idgrid of shape (3, 2, 3, 3)"),
    "no complete cell": (lambda d: change_grid(d, idgrid=nodes_with(((1,), -1))), "a spectrum at every corner"),
    "a spectrum twice": (lambda d: change_grid(d, idgrid=nodes_with(((0, 0, 0, 1), 3), ((0, 0, 1, 0), 3))),
                         "vec expected"),
    "nodes elsewhere": (lambda d: change_grid(d, uvecs=axes_with(1, [1.0, 3.1])), "vec expected the labels"),
    "linear in wavelength": (lambda d: change_grid(d, log_step=False), "expected uniform in ln(wavelength) (log_step)"),
}


@pytest.mark.parametrize("name", GRID_REFUSALS)
def test_grid_refusal(tmp_path, name):
    damage, message = GRID_REFUSALS[name]
    library = tmp_path / "library"
    library.mkdir()
    tiny.write_grid_library(library)
    damage(library)
    with pytest.raises(ToolError) as error:
        import_to(library, tmp_path / "E.fits")
    assert message in str(error.value)
    assert os.listdir(tmp_path) == ["library"]


@pytest.mark.skipif(not os.path.isdir(SHARED_GRID), reason="skipped: RVFIT_SHARED_DATA has no rvspecfit_grid_small")
def test_real_grid(tmp_path, capsys):
    import_to(SHARED_GRID, tmp_path / "E.fits", ["desi_b"])
    assert "desi_b: grid 4x3x4x3, 141 templates of 6215 pixels" in capsys.readouterr().out
    arm = read_grid(tmp_path / "E.fits", "desi_b")
    assert arm.grid.nodes[3, 0, 3].max() == -1 and (arm.grid.nodes < 0).sum() == 3
    parameters = fits_emulator.FitsArm(tmp_path / "E.fits", "desi_b").parameters
    assert list(parameters["LOWER"]) == [5000, 3.5, -1, -0.2] and list(parameters["UPPER"]) == [5750, 4.5, 0.5, 0.6]
