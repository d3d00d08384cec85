# SPDX-License-Identifier: MIT
"""rvspecfit's interface: its README's steps, and the numbers of rvfit.fit."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

import rvfit
from rvfit.rvspecfit import _engine, fitter_ccf, spec_fit, utils, vel_fit

OPTIONS = {"npoly": 10}


@pytest.fixture(scope="module")
def config(library, tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_text(f"# settings\ntemplate_lib: '{library.path}'\nmin_vel: -1500\nmax_vel: 1500 # km/s\n")
    read = utils.read_config(str(path))
    assert read["max_vel"] == 1500 and read["max_vsini"] == 500 and read["template_lib"] == library.path
    return read


@pytest.fixture(scope="module")
def specdata(stars):
    """The arms of one star, bad pixels with the large error that rvspecfit's own readers give them."""
    out = []
    for name, arm in stars[0].arms.items():
        bad = (arm.mask[5] != 0) | ~(arm.weight[5] > 0)
        error = 1 / np.sqrt(np.where(bad, 1e-18, arm.weight[5].astype(float)))
        out.append(spec_fit.SpecData(name, arm.wave[0], np.where(bad, 0, arm.flux[5]), error, badmask=bad))
    return out


@pytest.fixture(scope="module")
def processed(specdata, config):
    """The README's steps: a start, then a fit."""
    start = fitter_ccf.fit(specdata, config)
    assert set(start) >= {"best_par", "best_vel", "best_vsini", "best_ccf", "best_model", "vel_grid"}
    assert abs(start["vel_grid"][np.argmin(start["best_ccf"])] - start["best_vel"]) <= config["vel_step0"]
    parameters = {**start["best_par"], "vsini": start["best_vsini"]}
    return vel_fit.process(specdata, parameters, config=config, options=OPTIONS)


def test_process(processed, specdata, library, stars):
    """The same numbers as those of a fit of arrays."""
    arms = {data.name: rvfit.Arm(data.lam, data.spec, err=data.espec, mask=data.badmask) for data in specdata}
    found = rvfit.fit(library, arms, npoly=10, max_vsini=500)
    assert processed["vel"] == found["VRAD"][0] and processed["vel_err"] == found["VRAD_ERR_PROFILE"][0]
    assert processed["vsini"] == found["VSINI"][0] and processed["minimize_success"]
    for name, column in (("teff", "TEFF"), ("logg", "LOGG"), ("feh", "FEH"), ("alpha", "ALPHAFE")):
        assert processed["param"][name] == found[column][0]
        assert processed["param_err"][name] == found[column + "_ERR"][0]
    # Six sigma of one star.
    assert abs(processed["vel"] - stars[1]["rv"][5]) < 6 * processed["vel_err"]
    assert processed["param_covar"].shape == (4, 4) and len(processed["yfit"]) == 3
    # Models are of float, as those of fits.
    assert np.allclose(processed["chisq_array"], [found[f"CHISQ_DESI_{arm}"][0] for arm in "BRZ"], rtol=1e-4)
    assert processed["npix_array"] == [int(np.sum(~data.badmask)) for data in specdata]


def test_get_chisq(processed, specdata, config):
    labels = tuple(processed["param"].values())
    arguments = dict(options=OPTIONS, config=config)
    value = spec_fit.get_chisq(specdata, processed["vel"], labels, (processed["vsini"],), **arguments)
    # Templates of double for those of float.
    assert abs(value - processed["chisq"]) < 0.1
    full = spec_fit.get_chisq(specdata, processed["vel"], labels, (processed["vsini"],), full_output=True, **arguments)
    assert full["chisq"] == value == -2 * full["logl"]
    # Templates of double for those of float.
    assert np.allclose(full["models"][1], processed["yfit"][1], rtol=1e-4)
    larger = spec_fit.get_chisq(specdata, processed["vel"], labels, (processed["vsini"],), espec_systematic=1.0,
                                **arguments)
    assert larger != value
    grid = processed["vel"] + np.arange(-30, 31, 5.0)
    best = spec_fit.find_best(specdata, grid, [labels, (5000.0, 2.0, -1.0, 0.0)], (processed["vsini"],), **arguments)
    assert best["best_param"] == labels and abs(best["best_vel"] - processed["vel"]) < processed["vel_err"]
    # The velocity's posterior on a grid of 5 km/s is that of a point.
    assert len(best["probs"]) == len(grid) and abs(best["best_chi"] - value) < 1e-2 * abs(value)
    alone = spec_fit.get_chisq(specdata, processed["vel"] + 5, labels, (processed["vsini"],), **arguments)
    place = int(np.argmin(abs(grid - processed["vel"] - 5)))
    like = best["best_chi"] - 2 * np.log(best["probs"][place] / best["probs"].max())
    # A sum of 8,000 terms in another order.
    assert np.isclose(like, alone, rtol=1e-6) or best["probs"][place] == 0


def test_firstguess_and_fixed(specdata, config, processed):
    guess = vel_fit.firstguess(specdata, options=OPTIONS, config={**config, "min_vel": -600, "max_vel": 600},
                               vsinigrid=(None, 50), paramsgrid={"logg": [2, 4], "teff": [4500, 6000], "feh": [-1, 0],
                                                                 "alpha": [0]})
    assert guess["teff"] in (4500, 6000) and set(guess) <= {"logg", "teff", "feh", "alpha", "vsini"}
    parameters = {**processed["param"], "vsini": 0.0, "feh": -0.7}
    held = vel_fit.process(specdata, parameters, fixParam=["vsini", "feh"], config=config, options=OPTIONS,
                           priors={"teff": (5000, 1e-3)})
    assert held["param"]["feh"] == -0.7 and "vsini" not in held and np.isnan(held["param_err"]["feh"])
    # A prior of 1e-3 K holds teff to some of that.
    assert abs(held["param"]["teff"] - 5000) < 0.5
    del parameters["vsini"]
    still = vel_fit.process(specdata[1], parameters, config=config, options=OPTIONS)
    assert "vsini" not in still and len(still["yfit"]) == 1


def test_matrices(specdata, config, processed, library):
    """A resolution matrix, of a spectrum or of its setup, broadens templates as they are: mat @ template."""
    pytest.importorskip("scipy")
    labels, vel = tuple(processed["param"].values()), processed["vel"]
    red = specdata[1]
    matrix = spec_fit.construct_resol_mat(red.lam, width=2.0)
    row = matrix.mat.tocsr()[1000].toarray()[0]
    # A Gaussian of 2 Angstrom, cut at five sigma.
    assert np.isclose(row.sum(), 1) and np.isclose(np.sqrt(row @ (red.lam - red.lam[1000]) ** 2), 2.0, rtol=1e-3)
    by_resolution = spec_fit.construct_resol_mat(red.lam, red.lam / 2.35 / 2.0)
    # The same numbers, rounded once more.
    assert np.allclose((by_resolution.mat - matrix.mat).data, 0, atol=1e-12)
    own = spec_fit.SpecData(red.name, red.lam, red.spec, red.espec, badmask=red.badmask, resolution=matrix)
    arguments = dict(options=OPTIONS, config=config)
    plain = spec_fit.get_chisq([red], vel, labels, (5.0,), **arguments)
    value = spec_fit.get_chisq([own], vel, labels, (5.0,), **arguments)
    assert value == spec_fit.get_chisq([red], vel, labels, (5.0,), {red.name: matrix}, **arguments) != plain
    full = spec_fit.get_chisq([own], vel, labels, (5.0,), full_output=True, **arguments)
    template = library.spectrum(dict(zip(("teff", "logg", "feh", "alpha"), labels)), rv=vel, vsini=5.0, arm=red.name,
                                wave=red.lam)
    # Sums of fifty terms of double.
    assert np.allclose(full["raw_models"][0], matrix.mat @ template, rtol=1e-12)
    columns = _engine.continuum_of(red.lam, 10)
    ratio = full["models"][0] / full["raw_models"][0]
    found, *_ = np.linalg.lstsq(columns.T, ratio, rcond=None)
    # The model is the broadened template times the continuum, in numbers of float.
    assert np.allclose(found @ columns, ratio, rtol=1e-5)
    both = spec_fit.get_chisq([specdata[0], own], vel, labels, (5.0,), **arguments)
    alone = spec_fit.get_chisq([specdata[0]], vel, labels, (5.0,), **arguments)
    # Beside a setup with a matrix one without goes as it is; sums of 5,000 terms of double.
    assert np.isclose(both, value + alone, rtol=1e-9)
    fitted = vel_fit.process([red], {**processed["param"], "vsini": 5.0}, resolParams={red.name: matrix}, **arguments)
    # The spectrum is not as broad as the matrix says.
    assert fitted["chisq"] > plain
    with pytest.raises(ValueError, match="desi_r: SpecData has a resolution matrix"):
        spec_fit.get_chisq([own], vel, labels, resol_params={red.name: matrix}, **arguments)
    with pytest.raises(KeyError, match="desi_r"):
        spec_fit.find_best([red], [0.0, 1.0], [labels], resol_params={"desi_b": matrix}, **arguments)


def test_library_with_a_medium(specdata, config, processed, library, tmp_path):
    """Wavelengths count as measured in what the library's are: rvspecfit knows no media."""
    fits = pytest.importorskip("astropy.io.fits")
    with fits.open(library.path) as hdus:
        for name in ("DESI_B", "DESI_R", "DESI_Z"):
            hdus[name + "_INPUT"].header["MEDIUM"] = "VACUUM"
        hdus.writeto(tmp_path / "vacuum.fits", checksum=True)
    point = specdata, processed["vel"], tuple(processed["param"].values())
    assert spec_fit.get_chisq(*point, options=OPTIONS, config={**config, "template_lib": tmp_path / "vacuum.fits"}) == \
        spec_fit.get_chisq(*point, options=OPTIONS, config=config)


def test_errors_added(specdata, config, processed):
    """espec_systematic: a number or an array, for all or by setup, in quadrature."""
    point = processed["vel"], tuple(processed["param"].values()), (5.0,)
    arguments = dict(options=OPTIONS, config=config)
    added = 0.02 * np.abs(specdata[1].spec)
    larger = spec_fit.SpecData("desi_r", specdata[1].lam, specdata[1].spec, np.hypot(specdata[1].espec, added),
                               badmask=specdata[1].badmask)
    wanted = spec_fit.get_chisq([larger], *point, **arguments)
    for systematic in (added, {"desi_r": added}):
        assert spec_fit.get_chisq([specdata[1]], *point, espec_systematic=systematic, **arguments) == wanted
    assert spec_fit.get_chisq([specdata[1]], *point, espec_systematic={"desi_r": 2 * added}, **arguments) != wanted


def test_continuum_alone(specdata):
    """A continuum that the columns hold leaves nothing."""
    lam = specdata[1].lam
    x = (lam - lam[0]) / (lam[-1] - lam[0]) * 2 - 1
    smooth = spec_fit.SpecData("desi_r", lam, 3 + x - 0.5 * x**2, np.full(len(lam), 0.1))
    found = spec_fit.get_chisq_continuum([smooth, specdata[1]], options=OPTIONS)
    assert found["chisq_array"][0] < 1e-15 * len(lam) / 0.1**2 and found["redchisq_array"][1] > 1
    cubic = spec_fit.SpecData("desi_r", lam, x**3, np.full(len(lam), 0.1))
    four = {"npoly": 4}
    assert spec_fit.get_chisq_continuum([cubic], options={**four, "rbf_continuum": False})["chisq_array"][0] < 1e-9
    assert spec_fit.get_chisq_continuum([cubic], options=four)["chisq_array"][0] > 1


def test_pickled_data_are_told_apart(specdata):
    """A data set of another process is none of this one's: likelihoods are kept by their number."""
    code = ("import pickle, sys; from rvfit.rvspecfit import spec_fit; "
            "sys.stdout.buffer.write(pickle.dumps(spec_fit.SpecData('desi_b', [1, 2], [1, 1], [1, 1])))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    numbers = {data.objid for data in specdata} | {pickle.loads(done.stdout).objid}
    numbers.add(spec_fit.SpecData("desi_b", [1, 2], [1, 1], [1, 1]).objid)
    assert len(numbers) == 5


def test_unsupported(specdata, config, tmp_path):
    labels = (5000.0, 2.0, -1.0, 0.0)
    with pytest.raises(ImportError, match="no spec_inter: .*spectrum"):
        from rvfit.rvspecfit import spec_inter  # noqa: F401
    with pytest.raises(NotImplementedError, match="fast_interp"):
        spec_fit.get_chisq(specdata, 0, labels, options=OPTIONS, config=config, fast_interp=True)
    with pytest.raises(NotImplementedError, match="options magic"):
        vel_fit.process(specdata, {"teff": 1, "logg": 1, "feh": 1, "alpha": 1}, options={"magic": 1}, config=config)
    with pytest.raises(ValueError, match="3 numbers, the library has 4 labels: teff, logg, feh, alpha"):
        spec_fit.get_chisq(specdata, 0, labels[:3], options=OPTIONS, config=config)
    with pytest.raises(OSError, match="import_rvspecfit.py"):
        spec_fit.get_chisq(specdata, 0, labels, options=OPTIONS, config={**config, "template_lib": str(tmp_path)})
    with pytest.raises(RuntimeError, match="Config must be provided"):
        vel_fit.process(specdata, {})
    with pytest.raises(RuntimeError, match="not found"):
        utils.read_config(str(tmp_path / "nothing.yaml"))
