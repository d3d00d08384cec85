# SPDX-License-Identifier: MIT
"""Fits of spectra in arrays: as good as the truth says, and the same bits as the program's."""

import os
import pickle
import subprocess

import numpy as np
import pytest

import rvfit

BIN = os.environ.get("RVFIT_BIN_DIR", "")


def same(a, b):
    """Equal to the bit, NaN equal to NaN."""
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.tobytes() == b.tobytes() or np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def same_results(a, b):
    assert list(a.keys()) == list(b.keys())
    for name in a.keys():
        same(a[name], b[name])


def test_truth(result, stars):
    truth = stars[1]
    pulls = (result["VRAD"] - truth["rv"]) / result["VRAD_ERR"]
    # 24 unit normals: five sigma is beyond any chance.
    assert np.all(np.abs(pulls) < 5)
    assert np.all(result["STATUS"] == "converged")
    assert len(result) == 24 and result.theta.shape == (24, len(result.parameters))
    assert np.array_equal(result.covariance.diagonal(axis1=1, axis2=2)[:, -1] ** 0.5, result["VRAD_ERR"])
    assert result.units["VRAD"] == "km s-1" and "Radial" in result.descriptions["VRAD"]


@pytest.mark.skipif(not os.path.exists(os.path.join(BIN, "rvfit_simulate")), reason="no programs")
@pytest.mark.parametrize("options", [{}, {"npoly": 6, "fix_param": {"vsini": 0}, "clip": 4}])
def test_program(library, tmp_path, options):
    """The program's table, column by column and bit by bit."""
    from astropy.table import Table

    from rvfit._options import arguments

    file = tmp_path / "coadd-x.fits"
    subprocess.run([BIN + "/rvfit_simulate", "--emulator", library.path, "--output", file, "--stars", "20"], check=True)
    subprocess.run([BIN + "/rvfit_desi", "--quiet", "--emulator", library.path, "--output-dir", tmp_path,
                    *arguments(options), file], check=True)
    table = Table.read(tmp_path / "rvtab_coadd-x.fits", hdu="RVTAB")
    found = rvfit.fit(library, rvfit.read_desi(file), **options)
    shared = [name for name in found.keys() if name in table.colnames]
    assert {"VRAD", "VRAD_ERR", "TEFF", "COVAR", "RVS_WARN", "NEG2LOGL", "DNEG2LOGL_SECOND"} <= set(shared)
    for name in shared:
        column = np.ma.getdata(table[name])
        if column.dtype.kind in "US":
            assert list(column.astype(str)) == list(found[name])
        else:
            assert np.array_equal(column, found[name], equal_nan=column.dtype.kind == "f"), name


def test_batches(library, stars, result):
    """Batches and threads change nothing."""
    same_results(rvfit.fit(library, stars[0], batch_size=5, threads=1, write_models=True), result)


def test_models(result, stars):
    arm = stars[0].arms["desi_b"]
    model = result.models["B"]
    assert model.shape == arm.flux.shape
    good = (arm.mask == 0) & (arm.weight > 0)
    residual = np.where(good, (arm.flux - model) * np.sqrt(arm.weight), 0)
    # chi2 per pixel of 66,000 pixels: 0.05 is ten sigma, and weights of the fit have a floor.
    assert abs(np.sum(residual**2) / np.sum(good) - 1) < 0.05


def test_table_plot_and_pickle(result, tmp_path):
    table = result.to_table()
    assert str(table["VRAD"].unit) == "km / s" and len(table) == len(result)
    figure = result.plot(3)
    figure.savefig(tmp_path / "star.png")
    assert (tmp_path / "star.png").stat().st_size > 10000
    copy = pickle.loads(pickle.dumps(result))
    same_results(copy, result)
    with pytest.raises(ValueError, match="write_models"):
        copy.plot(3)


def test_library(library):
    copy = pickle.loads(pickle.dumps(library))
    assert copy.labels == library.labels and copy.path == library.path
    wave = np.linspace(4000, 5000, 300)
    labels = {"teff": 5000.0, "logg": 3.0, "feh": -1.0, "alpha": 0.2}
    flux, slopes = library.spectrum(labels, rv=30, vsini=20, arm="desi_b", wave=wave, derivatives=True)
    assert flux.shape == (300,) and slopes.shape == (len(library.parameters()), 300)
    names = [p.name for p in library.parameters()]
    step = 1e-2
    up, down = (library.spectrum(labels, rv=30 + s, vsini=20, arm="desi_b", wave=wave) for s in (step, -step))
    # A central difference of a smooth function: its error is step^2 of the third derivative.
    assert np.allclose((up - down) / (2 * step), slopes[names.index("rv")], atol=1e-6)
    both = library.spectrum(labels, rv=[30, 40], vsini=20, arm="desi_b", wave=wave)
    assert both.shape == (2, 300) and np.array_equal(both[0], flux)


def test_likelihood(library, stars, result):
    spectra = stars[0][:3]
    like = rvfit.Likelihood(library, spectra)
    theta = result.theta[:3]
    value, gradient, hessian = like.linearize(theta)
    assert value.shape == (3,) and gradient.shape == theta.shape and hessian.shape == (*theta.shape, theta.shape[1])
    # Sums over 8,000 pixels of float templates, relative to a chi2 of 8,000.
    assert np.allclose(value, result["NEG2LOGL"][:3], rtol=1e-4)
    rv = theta.shape[1] - 1
    moved = np.stack([theta, theta])
    step = 0.01
    moved[0, :, rv] -= step
    moved[1, :, rv] += step
    values = like(moved)
    # The difference of two values of 1e4 has 1e-12 of them, over a step of 0.02.
    assert np.allclose((values[1] - values[0]) / (2 * step), gradient[:, rv], atol=1e-3 * np.sqrt(hessian[:, rv, rv]))
    one = rvfit.Likelihood(library, spectra[1])
    # Another batch: the same sums in the same order.
    assert np.allclose(one(theta[1]), value[1], rtol=1e-12)
    assert one(np.stack([theta[1]] * 5)).shape == (5,)
    with pytest.raises(ValueError, match=r"shape \(3, 2\)"):
        like(np.zeros((3, 2)))


def test_likelihood_with_matrices(library, stars):
    """Resolution matrices are in the likelihood as they are in the fit."""
    arm = stars[0].arms["desi_r"]
    row = np.exp(-0.5 * (np.arange(5, -6, -1) / 1.5) ** 2)
    matrices = np.broadcast_to((row / row.sum())[:, None], (1, 11, arm.flux.shape[1])).astype("f4")
    spectra = rvfit.Spectra(desi_r=rvfit.Arm(arm.wave, arm.flux[:1], arm.weight[:1], mask=arm.mask[:1], resolution=matrices))
    found = rvfit.fit(library, spectra, lsf_sigma=0.0)
    for options, same in (({"lsf_sigma": 0.0}, True), ({"resolution_matrix": False}, False)):
        value = rvfit.Likelihood(library, spectra, **options)(found.theta[0])
        # Sums over 2,300 pixels of float templates.
        assert np.isclose(value, found["NEG2LOGL"][0], rtol=1e-4) == same


def test_exposures(library, stars):
    """Two exposures of a star, one of them empty, a third of another."""
    spectra = stars[0][[0, 0, 1, 1, 2]]
    spectra.arms["desi_b"].weight[3] = spectra.arms["desi_r"].weight[3] = spectra.arms["desi_z"].weight[3] = 0
    spectra.star = np.array(["a", "a", "b", "b", "c"])
    alone = rvfit.fit(library, stars[0][:3])
    joint = rvfit.fit(library, spectra)
    assert len(joint) == 3 and list(joint["NPIX_TOT"]) == [2 * alone["NPIX_TOT"][0], *alone["NPIX_TOT"][1:]]
    # The same exposure twice: half the variance, as far as the same minimum is found.
    assert np.allclose(joint["VRAD_ERR"][0] * 2**0.5, alone["VRAD_ERR"][0], rtol=1e-2)
    each = rvfit.fit(library, spectra, rv_per_exposure=True)
    assert np.isfinite(each["VRAD_2"][0]) and np.isnan(each["VRAD_2"][1:]).all()
    # Equal exposures have equal rv: steps end at 1e-2 of an error.
    assert abs(each["VRAD_2"][0] - each["VRAD"][0]) < 0.1 * each["VRAD_ERR"][0]


def test_own_wavelengths(library, stars, result):
    """A wave for each star, and rows of different length."""
    spectra = stars[0]
    arms = {}
    for name, arm in spectra.arms.items():
        lengths = [arm.flux.shape[1] - 10 * row for row in range(6)]
        parts = [[plane[row][:n] for row, n in enumerate(lengths)] for plane in (arm.flux, arm.weight, arm.mask)]
        arms[name] = rvfit.Arm([arm.wave[0][:n] for n in lengths], parts[0], parts[1], mask=parts[2], label=arm.label)
    found = rvfit.fit(library, rvfit.Spectra(arms, masked=spectra.masked, error_floor=0.3))
    # The same minima, found by steps that end when less than 1e-2 of an error is left.
    assert np.all(np.abs(found["VRAD"] - result["VRAD"][:6]) < 0.1 * result["VRAD_ERR"][:6] + 0.05)
