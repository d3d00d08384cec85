# SPDX-License-Identifier: MIT
"""tools/import_network.py: The Payne's arrays and torch's state dicts, evaluated from the file by other code."""
import os
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "tools")]
import fits_emulator  # noqa: E402
import import_network  # noqa: E402
from command_line import ToolError  # noqa: E402

NAMES = ["teff", "logg", "vmic", "feh", "o"]
X_MIN, X_MAX = np.array([4.0, 0.0, 0.5, -1.0, -1.2]), np.array([7.0, 5.0, 3.0, 0.5, 0.6])
UNIFORM = np.exp(np.log(15200.0) + 2e-5 * np.arange(120))
ROUNDING = 2e-6  # weights are floats: 6e-8 of each, through sums of 12 terms and 3 layers


def payne(folder, wave=UNIFORM):
    random = np.random.default_rng(3)
    sizes = [5, 12, 10, len(wave)]
    arrays = {"x_min": X_MIN, "x_max": X_MAX}
    for k, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        arrays[f"w_array_{k}"] = random.normal(0, 0.5, (outputs, inputs))
        arrays[f"b_array_{k}"] = random.normal(0, 0.5, outputs)
    np.savez(folder / "payne.npz", **arrays)
    np.savez(folder / "wave.npz", wavelength=wave)
    return arrays


def leaky_relu(z):
    return np.maximum(0, z) + 0.01 * np.minimum(0, z)


def payne_spectrum(arrays, labels, second=leaky_relu):
    """The Payne's formula; teff in thousands of K."""
    h = (labels - X_MIN) / (X_MAX - X_MIN) - 0.5
    for k, activation in enumerate([leaky_relu, second, None]):
        z = h @ arrays[f"w_array_{k}"].T + arrays[f"b_array_{k}"]
        h = activation(z) if activation else z
    return h


def run(folder, *arguments, network="payne.npz", wave="wave.npz"):
    assert import_network.main([str(folder / network), "--wave", str(folder / wave), "--output", str(folder / "E.fits"),
                                *arguments]) == 0
    return str(folder / "E.fits")


def evaluate(path, arm, labels):
    file = fits_emulator.FitsArm(path, arm)
    return file, file.last_layer(file.scaled(labels))


def test_the_payne(tmp_path):
    arrays = payne(tmp_path)
    path = run(tmp_path, "--labels", ",".join(NAMES), "--arm", "apogee", "--units", "teff=1000", "--medium", "vacuum")
    labels = np.random.default_rng(1).uniform(X_MIN, X_MAX, (30, 5))
    kelvin = labels * [1000, 1, 1, 1, 1]
    file, spectra = evaluate(path, "apogee", kelvin)
    np.testing.assert_allclose(spectra, payne_spectrum(arrays, labels), rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(file.wave(), UNIFORM, rtol=1e-12)  # header cards have 16 digits
    assert file.header["OUTPUT"] == "LINEAR" and file.header["MEDIUM"] == "VACUUM"
    assert file.hdu("W0").header["ACTIV"] == "LEAKYRELU" and file.hdu("W2").header["ACTIV"] == "IDENTITY"
    assert file.distance(file.scaled(kelvin)).max() < 0
    assert file.distance(file.scaled([[7100, 3, 1, 0, 0]]))[0] > 0
    assert list(file.parameters["LOWER"]) == [4000, 0, 0.5, -1, -1.2]


def test_the_paynes_shape_with_another_activation_for_a_layer(tmp_path):
    arrays = payne(tmp_path)
    path = run(tmp_path, "--labels", ",".join(NAMES), "--activation", "leakyrelu,sigmoid")
    labels = np.random.default_rng(1).uniform(X_MIN, X_MAX, (30, 5))
    file, spectra = evaluate(path, "arm", labels)
    truth = payne_spectrum(arrays, labels, second=lambda z: 1 / (1 + np.exp(-z)))
    np.testing.assert_allclose(spectra, truth, rtol=0, atol=ROUNDING)
    assert [file.hdu(f"W{k}").header["ACTIV"] for k in range(3)] == ["LEAKYRELU", "SIGMOID", "IDENTITY"]


def test_labels_that_are_fixed_or_follow_another(tmp_path):
    arrays = payne(tmp_path)
    path = run(tmp_path, "--labels", ",".join(NAMES), "--fix", "vmic=1.7", "--tie", "o=feh")
    labels = np.random.default_rng(1).uniform(X_MIN, X_MAX, (30, 5))
    labels[:, 2], labels[:, 4] = 1.7, labels[:, 3]
    file, spectra = evaluate(path, "arm", labels[:, [0, 1, 3]])
    np.testing.assert_allclose(spectra, payne_spectrum(arrays, labels), rtol=0, atol=ROUNDING)
    assert [str(name).strip() for name in file.parameters["NAME"]] == ["teff", "logg", "feh"]
    assert (file.parameters["LOWER"][2], file.parameters["UPPER"][2]) == (-1.0, 0.5)


def test_gaps_make_arms_and_other_grids_are_interpolated(tmp_path, capsys):
    wave = np.r_[UNIFORM[:50], np.linspace(15300, 15330, 70)]
    arrays = payne(tmp_path, wave)
    # Outputs that are smooth in wavelength, as those of a network are.
    smooth = np.sin(np.outer((wave - 15200) / 40, np.arange(1, 11)))
    arrays["w_array_2"], arrays["b_array_2"] = smooth, np.cos((wave - 15200) / 30)
    np.savez(tmp_path / "payne.npz", **arrays)
    path = run(tmp_path, "--labels", ",".join(NAMES), "--arm", "chip")
    labels = np.random.default_rng(1).uniform(X_MIN, X_MAX, (10, 5))
    truth = payne_spectrum(arrays, labels)
    first, spectra = evaluate(path, "chip_1", labels)
    np.testing.assert_allclose(spectra, truth[:, :50], rtol=0, atol=ROUNDING)
    second, spectra = evaluate(path, "chip_2", labels)
    assert second.wave()[0] == pytest.approx(15300) and second.wave()[-1] == pytest.approx(15330, abs=0.5)
    inner = slice(5, -5)
    expected = np.array([np.interp(second.wave()[inner], wave[50:], row[50:]) for row in truth])
    assert np.abs(spectra[:, inner] - expected).max() < 3e-3  # of the straight lines that are compared with
    assert "interpolated" in capsys.readouterr().out and first.header["GRIDSIZE"] == 50


@pytest.mark.parametrize("activation", ["SiLU", "ReLU", "LeakyReLU", "Sigmoid", "Tanh"])
def test_a_state_dict_of_torch(tmp_path, activation):
    torch.manual_seed(2)
    model = torch.nn.Sequential(torch.nn.Linear(2, 12), getattr(torch.nn, activation)(), torch.nn.Linear(12, 9),
                                getattr(torch.nn, activation)(), torch.nn.Linear(9, len(UNIFORM)))
    torch.save(model.state_dict(), tmp_path / "mlp.pt")
    np.save(tmp_path / "wave.npy", UNIFORM)
    path = run(tmp_path, "--labels", "teff,logg", "--lower", "4000,0", "--upper", "8000,5", "--log10", "teff", "--offset", "3.7,2.5",
               "--scale", "0.1,1.5", "--activation", activation.lower(), "--exp", network="mlp.pt", wave="wave.npy")
    labels = np.random.default_rng(1).uniform([4000, 0], [8000, 5], (20, 2))
    x = (np.column_stack([np.log10(labels[:, 0]), labels[:, 1]]) - [3.7, 2.5]) / [0.1, 1.5]
    with torch.no_grad():
        truth = model.double()(torch.from_numpy(x)).numpy()
    file, spectra = evaluate(path, "arm", labels)
    np.testing.assert_allclose(spectra, truth, rtol=0, atol=ROUNDING)
    assert file.header["OUTPUT"] == "EXP" and file.distance(file.scaled(labels)).max() < 0


def test_refusals(tmp_path):
    payne(tmp_path)
    all_labels = ["--labels", ",".join(NAMES)]
    for changes, match in [(["--labels", "teff,logg"], "x_min and x_max are of 5 labels, --labels names 2"),
                           ([*all_labels, "--fix", "mg=1"], "--fix: mg is not one of the labels"),
                           ([*all_labels, "--fix", "vmic=9"], "--fix vmic=9: expected a value from 0.5 to 3"),
                           ([*all_labels, "--fix", "vmic"], "--fix vmic: expected NAME=VALUE"),
                           ([*all_labels, "--activation", "leakyrelu,gelu"], "--activation leakyrelu,gelu: expected one of silu"),
                           ([*all_labels, "--activation", "relu,relu,relu"], "or one for each of 2 hidden layers"),
                           ([*all_labels, "--tie", "o=o"], "--tie o=o: expected two labels")]:
        with pytest.raises(ToolError, match=match):
            run(tmp_path, *changes)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ToolError, match="other.npz: has a, expected w_array_0"):
        run(tmp_path, *all_labels, network="other.npz")
    # The Payne's first networks: five neurons for each pixel.
    np.savez(tmp_path / "pixels.npz", w_array_0=np.zeros((120, 5, 5)), b_array_0=np.zeros((120, 5)), w_array_1=np.zeros((120, 5)),
             b_array_1=np.zeros(120), x_min=X_MIN, x_max=X_MAX)
    with pytest.raises(ToolError, match="pixels.npz: has a network for each of 120 pixels, expected one for all"):
        run(tmp_path, *all_labels, network="pixels.npz")
    np.savez(tmp_path / "short.npz", wavelength=UNIFORM[:-1])
    with pytest.raises(ToolError, match="expected 120 wavelengths"):
        run(tmp_path, *all_labels, wave="short.npz")
    model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 120))
    torch.save(model.state_dict(), tmp_path / "norm.pt")
    with pytest.raises(ToolError, match="norm.pt: has 1.bias, expected Linear layers and nothing else"):
        run(tmp_path, *all_labels, network="norm.pt")
    torch.save(model, tmp_path / "model.pt")
    with pytest.raises(ToolError, match="model.pt: expected a state dict, as torch.save"):
        run(tmp_path, *all_labels, network="model.pt")
    torch.save(torch.nn.Sequential(torch.nn.Linear(5, 120)).state_dict(), tmp_path / "good.pt")
    with pytest.raises(ToolError, match="--lower is wanted"):
        run(tmp_path, *all_labels, network="good.pt")
    assert not os.path.exists(tmp_path / "E.fits")
