# SPDX-License-Identifier: MIT
"""Fits of curves: answers against scipy, statuses, arrays of all kinds."""

import os
import pickle
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rvfit
from patience import PATIENCE
from rvfit import models

X = np.linspace(0.5, 9.5, 60)

#: (model, parameters, function of NumPy)
KNOWN = {
    "gaussian": (models.gaussian() + models.polynomial(0), [5, 4, 1.2, 1],
                 lambda x, a, m, s, c: a * np.exp(-0.5 * ((x - m) / s) ** 2) + c),
    "dip": (models.gaussian() + models.polynomial(1), [-5, 4, 0.8, 9, 0.1],
            lambda x, a, m, s, c, d: a * np.exp(-0.5 * ((x - m) / s) ** 2) + c + d * x),
    "lorentz": (models.lorentz() + models.polynomial(2), [5, 5, 0.7, 1, 0.2, -0.02],
                lambda x, a, m, g, c, d, e: a / (1 + ((x - m) / g) ** 2) + c + d * x + e * x**2),
    "exponential": (models.exponential(), [5, 2.5, 1], lambda x, a, t, c: a * np.exp(-x / t) + c),
    "decay": (models.exponential(offset=False), [5, 2.5], lambda x, a, t: a * np.exp(-x / t)),
    "polynomial": (models.polynomial(3), [1, -2, 0.5, -0.03], lambda x, a, b, c, d: a + b * x + c * x**2 + d * x**3),
    "power_law": (models.power_law(), [5, -1.3], lambda x, a, k: a * x**k),
    "logistic": (models.logistic() + models.polynomial(0), [4, 5, 0.6, 1],
                 lambda x, a, m, w, c: a / (1 + np.exp(-(x - m) / w)) + c),
    "falling": (models.logistic(), [4, 5, -0.6], lambda x, a, m, w: a / (1 + np.exp(-(x - m) / w))),
    "two": (models.gaussian() + models.gaussian() + models.polynomial(0), [5, 2.5, 0.5, 3, 7, 0.7, 1],
            lambda x, a, m, s, b, n, t, c: a * np.exp(-0.5 * ((x - m) / s) ** 2) + b * np.exp(-0.5 * ((x - n) / t) ** 2) + c),
}
LINE, LINE_TRUTH, _ = KNOWN["gaussian"]


def simulated(model, truth, count=20, sigma=0.1, x=X, seed=1):
    return model(x, truth) + np.random.default_rng(seed).normal(scale=sigma, size=(count, np.shape(x)[-1]))


@pytest.mark.parametrize("name", KNOWN)
def test_answers_are_scipys(name):
    optimize = pytest.importorskip("scipy.optimize")
    model, truth, function = KNOWN[name]
    # Rounding of a sum of a few terms.
    np.testing.assert_allclose(model(X, truth), function(X, *truth), rtol=1e-13, atol=1e-13)
    y = simulated(model, truth)
    found = rvfit.curve_fit(model, y, x=X, sigma=0.1)
    assert found.converged.all()
    for n in range(len(y)):
        theta, covariance = optimize.curve_fit(function, X, y[n], p0=truth, sigma=np.full(len(X), 0.1), absolute_sigma=True,
                                               xtol=1e-12, ftol=1e-12)
        # The tolerance, 1e-8, is a distance of 1e-4 standard deviations; scipy's derivatives are differences.
        assert np.all(np.abs(found.theta[n] - theta) < 1e-3 * found.error[n])
        np.testing.assert_allclose(found.error[n], np.sqrt(np.diag(covariance)), rtol=2e-3)  # scipy's derivatives are differences


def test_voigt():
    special = pytest.importorskip("scipy.special")
    model = models.voigt()
    for sigma, gamma in ((1.0, 0.3), (0.2, 2.0), (1.3, 0.0), (0.7, 1e-6)):
        # The series is good to 4e-14 of the greatest value of w.
        np.testing.assert_allclose(model(X, [2.0, 4.0, sigma, gamma]), 2.0 * special.voigt_profile(X - 4.0, sigma, gamma),
                                   rtol=1e-10, atol=1e-12)
    truth = [9, 5, 0.5, 0.4, 1]
    found = rvfit.curve_fit(model + models.polynomial(0), simulated(model + models.polynomial(0), truth, 300, 0.05), x=X,
                            sigma=0.05)
    assert found.converged.mean() > 0.99
    pulls = ((found.theta - truth) / found.error)[~found.on_bound.any(axis=1)]
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 0.4) and np.all(np.abs(np.std(pulls, axis=0) - 1) < 0.2)


@pytest.mark.parametrize("rotated, truth", [(False, [5, 6, 4, 1.5, 1]), (True, [5, 6, 4, 2.4, 1.2, 0.4, 1])])
def test_images(rotated, truth):
    model = models.gaussian_2d(rotated) + models.polynomial(0)
    across, down = np.meshgrid(np.arange(13.0), np.arange(10.0))
    clean = model([across.ravel(), down.ravel()], truth)
    images = clean.reshape(10, 13) + np.random.default_rng(2).normal(scale=0.1, size=(40, 10, 13))
    found = rvfit.curve_fit(model, images, sigma=0.1)
    assert found.converged.all() and np.all(np.abs(np.mean((found.theta - truth) / found.error, axis=0)) < 0.6)
    for places in ((across, down), (np.arange(13.0), np.arange(10.0))):
        np.testing.assert_array_equal(rvfit.curve_fit(model, images, x=places, sigma=0.1).theta, found.theta)
    flat = rvfit.curve_fit(model, images.reshape(40, -1), x=(across.ravel(), down.ravel()), sigma=0.1)
    np.testing.assert_array_equal(flat.theta, found.theta)


def test_weights_are_one_thing_under_three_names():
    y = simulated(LINE, LINE_TRUTH)
    sigma = np.random.default_rng(3).uniform(0.05, 0.2, size=y.shape)
    wanted = rvfit.curve_fit(LINE, y, x=X, sigma=sigma)
    for same in (rvfit.curve_fit(LINE, y, 1 / sigma, x=X), rvfit.curve_fit(LINE, y, x=X, inverse_variance=sigma**-2.0)):
        np.testing.assert_allclose(same.theta, wanted.theta, rtol=1e-9)  # rounding of weights, of a few steps
    # Without weights errors are those of the scatter.
    free = rvfit.curve_fit(LINE, y, x=X)
    known = rvfit.curve_fit(LINE, y, x=X, sigma=1.0)
    np.testing.assert_allclose(free.error, known.error * np.sqrt(known.reduced_chi2)[:, np.newaxis], rtol=1e-6)  # the last step of one may be skipped by the other


@pytest.mark.parametrize("weights", [{}, {"sigma": 0.1}])
def test_points_left_out(weights):
    """NaN, masked and weightless points are as if they were not there."""
    y = simulated(LINE, LINE_TRUTH, 9)
    out = np.random.default_rng(5).random(y.shape) < 0.2
    wanted = [rvfit.curve_fit(LINE, row[~bad], x=X[~bad], start=LINE_TRUTH, **weights) for row, bad in zip(y, out)]
    missing = np.where(out, np.nan, y)
    huge = np.where(out, np.inf, y)
    sigma = np.where(out, [[0.0], [np.nan], [np.inf]] * 3, 0.1)
    ways = [dict(y=missing, **weights), dict(y=huge, **weights), dict(y=y, mask=out, **weights),
            dict(y=np.ma.array(y, mask=out), **weights)] + ([dict(y=y, sigma=sigma)] if weights else [])
    for way in ways:
        found = rvfit.curve_fit(LINE, x=X, start=LINE_TRUTH, **way)
        for n, one in enumerate(wanted):
            assert found.freedom[n] == one.freedom[0]
            np.testing.assert_allclose(found.theta[n], one.theta[0], rtol=1e-9)  # sums in another order
            np.testing.assert_allclose(found.error[n], one.error[0], rtol=1e-9)  # likewise


def test_guesses_of_wide_peaks():
    """A peak as wide as half of the points is no dip between two sides."""
    random = np.random.default_rng(5)
    x = np.arange(49.0)
    truth = np.column_stack([random.uniform(9, 11, 20000), random.uniform(21.6, 26.4, 20000),
                             random.uniform(6.6, 8.1, 20000), random.uniform(1.8, 2.2, 20000)])
    y = LINE(x, truth) + random.normal(size=(20000, 49))
    found = rvfit.curve_fit(LINE, y, sigma=1.0)
    assert found.converged.all() and np.all(found.chi2 < rvfit.curve_fit(LINE, y, sigma=1.0, start=truth).chi2 + 1e-3)


def test_bounds_fixed_priors():
    y = simulated(LINE, LINE_TRUTH, 6)
    low = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, bounds={"amplitude": (None, 4.0)})
    assert np.all(low["amplitude"] == 4.0) and low.on_bound[:, 0].all() and np.isnan(low["amplitude_err"]).all()
    most = np.array([4.0, 9.0] * 3)
    each = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, bounds={"amplitude": (0.0, most)})
    assert np.array_equal(each.on_bound[:, 0], most == 4.0)
    pair = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, bounds=([-np.inf] * 4, [4.0, np.inf, np.inf, np.inf]))
    np.testing.assert_array_equal(pair.theta, low.theta)
    held = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, fixed={"c0": 1.1, "sigma": np.linspace(1, 1.3, 6)})
    assert np.all(held["c0"] == 1.1) and np.array_equal(held["sigma"], np.linspace(1, 1.3, 6))
    assert np.isnan(held["sigma_err"]).all() and np.all(held["center_err"] > 0)
    firm = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, priors={"center": (4.4, np.full(6, 1e-4))})
    np.testing.assert_allclose(firm["center"], 4.4, atol=1e-3)  # ten widths of the prior
    weak = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, priors={"center": (4.4, 1e9)})
    free = rvfit.curve_fit(LINE, y, x=X, sigma=0.1)
    np.testing.assert_allclose(weak.theta, free.theta, rtol=1e-6)  # the prior's pull is 1e-18


def test_losses():
    y = simulated(LINE, LINE_TRUTH, 30)
    spoiled = y.copy()
    spoiled[:, ::7] += 20.0
    square = rvfit.curve_fit(LINE, spoiled, x=X, sigma=0.1, start=LINE_TRUTH)
    for loss in ("huber", "cauchy", ("huber", 2.0)):
        robust = rvfit.curve_fit(LINE, spoiled, x=X, sigma=0.1, start=LINE_TRUTH, loss=loss)
        # A seventh of the points lies 200 sigma too high.
        assert np.all(np.abs(robust["c0"] - 1) < 0.5) and np.all(square["c0"] - 1 > 2)
    unknown = rvfit.curve_fit(LINE, spoiled, x=X, start=LINE_TRUTH, loss="huber")
    # The scale's standard error is 1.17 / sqrt(2 M); outliers add a third.
    assert abs(np.median(unknown.scale) - 0.1) < 0.04 and unknown.converged.all()
    rate = models.exponential()
    counts = np.random.default_rng(4).poisson(rate(X, [50, 3, 5]), size=(200, len(X)))
    found = rvfit.curve_fit(rate, counts, x=X, loss="poisson")
    assert found.converged.all() and np.all(np.abs(np.mean((found.theta - [50, 3, 5]) / found.error, axis=0)) < 0.35)
    none = rvfit.curve_fit(models.polynomial(0), np.full((1, 5), -1.0), loss="poisson", start=[1.0])
    assert none.status[0] == "invalid"


def test_statuses():
    y = simulated(LINE, LINE_TRUTH, 4)
    y[1] = np.nan
    found = rvfit.curve_fit(LINE, y, x=X, sigma=0.1)
    assert list(found.status) == ["converged", "no_valid_pixels", "converged", "converged"]
    assert np.isnan(found.theta[1]).all() and np.isnan(found.error[1]).all() and np.isnan(found.covariance[1]).all()
    start = np.tile(LINE_TRUTH, (4, 1)).astype(float)
    start[2] = [5, 4, 0, 1]
    broken = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, start=start)
    assert broken.status[2] == "non_finite" and broken.status[3] == "converged"
    assert rvfit.curve_fit(LINE, y, x=X, sigma=0.1, start=LINE_TRUTH, max_steps=1).status[0] == "max_iterations"
    flat = rvfit.curve_fit(LINE, y[:1], x=X, sigma=0.1, fixed={"amplitude": 0.0}, start=LINE_TRUTH)
    assert list(flat.undetermined[0]) == [False, True, True, False] and "undetermined" in flat.report(0)


def test_result(tmp_path):
    y = simulated(LINE, LINE_TRUTH, 5)
    found = rvfit.curve_fit(LINE, y, x=X, sigma=0.1)
    text = found.report(2)
    assert text.startswith("fit 2: converged, at a minimum") and "56 degrees of freedom" in text
    assert all(name in text for name in LINE.parameters) and "correlation" in text
    np.testing.assert_allclose(np.einsum("npp->np", found.covariance), found.error**2)
    np.testing.assert_allclose(np.einsum("npp->np", found.correlation), 1.0)
    with pytest.raises(KeyError, match="amplitude, amplitude_err, center"):
        found["mu"]
    with pytest.raises(IndexError, match="fit 5 of 5"):
        found.report(5)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.theta, found.theta)
    assert again.report(2) == text and repr(again) == repr(found)
    small = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, covariance=False)
    assert small.covariance is None
    np.testing.assert_array_equal(small.error, found.error)
    assert pickle.loads(pickle.dumps(LINE)) == LINE
    table_of = pytest.importorskip("astropy.table")
    table = found.to_table()
    assert isinstance(table, table_of.Table) and len(table) == 5 and list(table["status"]) == ["converged"] * 5
    table.write(tmp_path / "curves.fits")
    np.testing.assert_array_equal(table_of.Table.read(tmp_path / "curves.fits")["center"], found["center"])


def test_a_fit_is_the_same_alone_and_among_others():
    y = simulated(LINE, LINE_TRUTH, 700)
    whole = rvfit.curve_fit(LINE, y, x=X, sigma=0.1)
    for some in (slice(0, 1), slice(3, 90), slice(699, 700)):
        np.testing.assert_array_equal(rvfit.curve_fit(LINE, y[some], x=X, sigma=0.1, threads=1).theta, whole.theta[some])
    parts = list(rvfit.curve_fits(LINE, y, x=X, sigma=0.1, chunk=99))
    assert [len(part) for part in parts] == [99] * 7 + [7]
    np.testing.assert_array_equal(np.concatenate([part.theta for part in parts]), whole.theta)
    stream = rvfit.curve_fit(LINE, (y[n:n + 50] for n in range(0, 700, 50)), x=X, sigma=0.1)
    np.testing.assert_array_equal(stream.covariance, whole.covariance)
    items = ({"y": row, "start": LINE_TRUTH} for row in y[:3])
    alone = np.array([part.theta[0] for part in rvfit.curve_fits(LINE, items, x=X, sigma=0.1)])
    assert np.all(np.abs(alone - whole.theta[:3]) < 1e-3 * whole.error[:3])  # the tolerance is 1e-4 errors


def test_arguments_of_each_fit_follow_the_chunks():
    y = simulated(LINE, LINE_TRUTH, 50)
    own = dict(x=np.tile(X, (50, 1)), sigma=np.full(y.shape, 0.1), start=np.tile(LINE_TRUTH, (50, 1)),
               bounds={"amplitude": (0.0, np.linspace(4, 6, 50))}, fixed={"c0": np.linspace(0.9, 1.1, 50)},
               priors={"center": (np.linspace(3, 5, 50), 1.0)}, mask=y > 5.5)
    whole = rvfit.curve_fit(LINE, y, **own)
    parts = list(rvfit.curve_fits(LINE, y, chunk=7, **own))
    np.testing.assert_array_equal(np.concatenate([part.theta for part in parts]), whole.theta)


def test_no_copies():
    y = simulated(LINE, LINE_TRUTH, 8)
    from rvfit._curves import _Arrays

    for array in (y, y.astype(np.float32), y[::-1, ::-1], np.asfortranarray(y), y[:, ::2]):
        array.flags.writeable = False
        weights = np.ones_like(array)
        arrays = _Arrays(LINE, array, {"weight": weights}, None, None, LINE_TRUTH, None, None, None, None)
        block = arrays.block(0, len(array))
        assert rvfit._core.module.addresses_of_curves(block) == (array.ctypes.data, weights.ctypes.data)


@pytest.mark.parametrize("number", ["f4", ">f4", ">f8", "f2", "i2", ">i4", "u1", "longdouble"])
def test_types_of_numbers(number):
    y = np.round(20 * simulated(LINE, LINE_TRUTH, 5))
    wanted = rvfit.curve_fit(LINE, y, x=X)
    found = rvfit.curve_fit(LINE, y.astype(number), x=X.astype("f4"))
    np.testing.assert_allclose(found.theta, wanted.theta, rtol=1e-4)  # x is rounded to float


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_array_is_an_answer_or_an_error(data):
    """Whatever the shapes and numbers are, the call returns N rows or says what is wrong."""
    count, points = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 12))
    seed = data.draw(st.integers(0, 99))
    random = np.random.default_rng(seed)

    def array(rows, columns):
        values = random.normal(size=(rows, columns)) * 10.0 ** data.draw(st.sampled_from([0, 0, 0, -30, 30, 200]))
        values[random.random(values.shape) < data.draw(st.sampled_from([0, 0, 0.3, 1]))] = data.draw(
            st.sampled_from([np.nan, np.inf, -np.inf, 0.0]))
        with np.errstate(over="ignore"):
            values = values.astype(data.draw(st.sampled_from(["f8", "f4", ">f8"])))
        how = data.draw(st.sampled_from(["plain", "fortran", "reversed", "strided"]))
        return {"plain": values, "fortran": np.asfortranarray(values), "reversed": values[::-1, ::-1],
                "strided": np.repeat(values, 2, axis=1)[:, ::2]}[how]

    shape = st.sampled_from([count, count, 1, count + 1]), st.sampled_from([points, points, points + 1])
    options = {}
    for name in ("x", "weight", "sigma", "inverse_variance"):
        if data.draw(st.booleans()):
            options[name] = array(*map(data.draw, shape))
    if data.draw(st.booleans()):
        options["bounds"] = {"center": (random.normal(), random.normal())}
    loss = data.draw(st.sampled_from(["square", "huber", "cauchy", "poisson", "least"]))
    try:
        with np.errstate(all="ignore"):
            found = rvfit.curve_fit(data.draw(st.sampled_from([model for model, _, _ in KNOWN.values()])),
                                    array(count, points), loss=loss, max_steps=200, **options)
    except (ValueError, TypeError) as error:
        assert len(str(error)) > 10
    else:
        assert len(found) == count and found.theta.shape == (count, len(found.parameters))
        assert not np.isin(found.status_code, (0, 8)).any()
        for n in range(count):
            assert found.report(n)


WRONG = [
    (dict(y=np.zeros((3, 4, 5))), ValueError, r"y has shape \(3, 4, 5\), \(N, M\) wanted"),
    (dict(y=np.zeros((3, 0))), ValueError, r"y has shape \(3, 0\): no points"),
    (dict(y=np.zeros((1, (1 << 19) + 1))), ValueError, "524289 points of a fit, at most 524288 are supported"),
    (dict(y=np.zeros((3, 4), complex)), TypeError, "y is an array of complex128"),
    (dict(y=[["a", "b"]]), TypeError, "real numbers wanted"),
    (dict(sigma=np.ones((2, 60))), ValueError, r"sigma has shape \(2, 60\), \(60\) or \(5, 60\) wanted"),
    (dict(x=np.ones(59)), ValueError, r"x has shape \(59,\), \(60\) or \(5, 60\) wanted"),
    (dict(start=np.ones(3)), ValueError, r"start has shape \(3,\), \(4\) or \(5, 4\) wanted: amplitude, center, sigma, c0"),
    (dict(start={"mu": 3}), ValueError, "start of mu: the parameters are amplitude, center, sigma, c0"),
    (dict(weight=1.0, sigma=1.0), TypeError, "more than one of weight, inverse_variance and sigma"),
    (dict(bounds={"sigma": (2, 1)}), ValueError, r"bounds of sigma are \[2, 1\]"),
    (dict(bounds={"sigma": (0, np.array([1, 1, -1, 1, 1]))}), ValueError, r"bounds of sigma are \[0, -1\] in fit 2"),
    (dict(bounds={"sigma": 3}), ValueError, r"a pair \(least, most\) wanted"),
    (dict(priors={"sigma": (2, 0)}), ValueError, "positive widths wanted"),
    (dict(fixed=["c0"]), ValueError, "c0 is fixed, but has no start to keep"),
    (dict(fixed={"c0": [1, 2]}), ValueError, r"fixed value of c0 has shape \(2,\), a number or \(5\) wanted"),
    (dict(loss="l1"), ValueError, "one of square, huber, cauchy, poisson wanted"),
    (dict(loss=("huber", -1)), ValueError, "threshold of huber is -1"),
    (dict(loss="poisson", sigma=1.0), TypeError, "counts have no weights"),
    (dict(max_steps=-1), ValueError, "max_steps is -1"),
    (dict(tolerance=np.nan), ValueError, "tolerance is nan"),
    (dict(threads=-1), ValueError, "threads is -1"),
    (dict(max_iterations=3), TypeError, "max_iterations"),
    (dict(model="a * x"), TypeError, "names of its parameters"),
    (dict(model=np.exp), TypeError, "one of rvfit.models, or text wanted"),
]


@pytest.mark.parametrize("options, error, text", WRONG)
def test_wrong_calls(options, error, text):
    with pytest.raises(error, match=text):
        rvfit.curve_fit(**{"model": LINE, "y": simulated(LINE, LINE_TRUTH, 5), **options})


def test_most_points():
    x = np.linspace(0, 10, 1 << 19)
    found = rvfit.curve_fit(LINE, simulated(LINE, LINE_TRUTH, 1, x=x), x=x, sigma=0.1)
    assert found.converged.all() and found.freedom[0] == (1 << 19) - 4


def test_wrong_sums():
    with pytest.raises(ValueError, match="one dimension and of two"):
        models.gaussian() + models.gaussian_2d()
    with pytest.raises(ValueError, match="11 parameters, at most 10 are compiled in"):
        sum([models.gaussian()] * 3, start=models.polynomial(1))
    # A constant of its own beside that of a polynomial would be undetermined.
    assert (models.exponential() + models.polynomial(1)).parameters == ("amplitude", "tau", "c0", "c1")
    with pytest.raises(ValueError, match="no guess of its own: give a start of amplitude_1, tau_1, amplitude_2, tau_2"):
        rvfit.curve_fit(models.exponential(False) + models.exponential(False), np.ones((1, 9)))
    units = pytest.importorskip("astropy.units")
    with pytest.raises(TypeError, match="y has a unit, Jy"):
        rvfit.curve_fit(LINE, np.ones((1, 9)) * units.Jy)


def test_threads_at_once_and_the_lock():
    y = simulated(LINE, LINE_TRUTH, 20000)
    wanted = rvfit.curve_fit(LINE, y, x=X, sigma=0.1).theta
    found, counted = [None] * 3, 0

    def work(n):
        found[n] = rvfit.curve_fit(LINE, y, x=X, sigma=0.1).theta

    threads = [threading.Thread(target=work, args=[n]) for n in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        counted += 1
        time.sleep(0.001)
    assert counted > 3 and all(np.array_equal(each, wanted) for each in found)


INTERRUPTED = """
import numpy as np, os, signal, threading, rvfit
from rvfit import models
line = models.gaussian() + models.polynomial(0)
y = np.random.default_rng(1).normal(size=(1000, 100))
many = np.broadcast_to(y[0], (5_000_000, 100))
rvfit.curve_fit(line, y[:2])
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    rvfit.curve_fit(line, many, covariance=False, start=[1, 50, 5, 0])
    print("not interrupted")
except KeyboardInterrupt:
    pass
rvfit.curve_fit(line, y[:2])
print("went on")
"""


def test_interrupt():
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120 * PATIENCE)
    assert done.stdout == "went on\n" and done.stderr == ""
    assert time.monotonic() - began < 20 * PATIENCE


STREAMED = """
import resource, sys, numpy as np, rvfit
from rvfit import models
line = models.gaussian() + models.polynomial(0)
y = np.load(sys.argv[1], mmap_mode="r")
rvfit.curve_fit(line, y[:1000], sigma=0.1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = 0
def parts(many):
    for _ in range(many):
        yield np.array(y)
for part in rvfit.curve_fits(line, parts(int(sys.argv[2])), sigma=0.1, start=[5, 12, 3, 1], covariance=False):
    assert part.converged.mean() > 0.99
    count += len(part)
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_streams_need_bounded_memory(tmp_path):
    """Ten times as many fits take no more memory."""
    truth = [5, 12, 3, 1]
    x = np.arange(25.0)
    np.save(tmp_path / "y.npy", simulated(LINE, truth, 20000, x=x).astype(np.float32))

    def peak(many):
        out = subprocess.run([sys.executable, "-c", STREAMED, str(tmp_path / "y.npy"), str(many)], capture_output=True,
                             text=True, timeout=300 * PATIENCE, check=True)
        count, kilobytes = map(int, out.stdout.split())
        assert count == many * 20000
        return kilobytes

    # A part of 20,000 fits has 2 MB of data and 2.5 MB of results.
    assert peak(20) < peak(2) + 8000


COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler")
TEXT = "a * exp(-0.5 * sq((x - mu) / sigma)) + c"
NAMES = ["a", "mu", "sigma", "c"]
#: Derivatives by hand, and two variables.
STRUCT = """
struct Model {
  static constexpr int parameters = 3;
  template <class T, class X>
  KOKKOS_FUNCTION T operator()(const T* theta, const X& x, const X& y) const {
    return theta[0] + theta[1] * x + theta[2] * y;
  }
  template <class T, class X>
  KOKKOS_FUNCTION T linearize(const T* theta, const X& x, const X& y, T* derivative) const {
    derivative[0] = T(1.0);
    derivative[1] = T(x);
    derivative[2] = T(y);
    return (*this)(theta, x, y);
  }
};
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A user's cache of compiled models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield os.path.join(os.environ["XDG_CACHE_HOME"], "rvfit")


@COMPILER
def test_expression(cache):
    y = simulated(LINE, LINE_TRUTH, 500)
    wanted = rvfit.curve_fit(LINE, y, x=X, sigma=0.1, start=[4, 4.2, 1, 0.5])
    found = rvfit.curve_fit(TEXT, y, x=X, sigma=0.1, start=[4, 4.2, 1, 0.5], parameters=NAMES)
    assert found.parameters == tuple(NAMES) and np.all(np.abs(found.theta - wanted.theta) < 1e-6 * wanted.error)
    np.testing.assert_allclose(found.error, wanted.error, rtol=1e-6)  # from Hessians at nearly the same place
    model = models.expression(TEXT, NAMES)
    np.testing.assert_allclose(model(X, LINE_TRUTH), LINE(X, LINE_TRUTH), rtol=1e-14)  # rounding
    own = rvfit.curve_fit(model, y, x=np.tile(X, (500, 1)), sigma=0.1, start={"a": 4, "mu": 4.2, "sigma": 1, "c": 0.5})
    np.testing.assert_array_equal(own.theta, found.theta)
    robust = rvfit.curve_fit(model, y[:5], x=X, start=[4, 4.2, 1, 0.5], loss="cauchy")
    assert robust.converged.all()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again(X, LINE_TRUTH), model(X, LINE_TRUTH))
    with pytest.raises(ValueError, match="no guess of its own: give a start of a, mu, sigma, c"):
        rvfit.curve_fit(model, y, x=X)
    # Another process finds it compiled, and needs no compiler then but to know its version.
    kept = os.listdir(cache)
    assert len(kept) == 1
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", f"from rvfit import models; print(models.expression({TEXT!r}, {NAMES!r}))"],
                          capture_output=True, text=True, check=True)
    assert "model of a, mu, sigma, c" in done.stdout and os.listdir(cache) == kept and time.monotonic() - began < 10 * PATIENCE


@COMPILER
def test_struct(cache):
    model = models.struct(STRUCT, ["level", "across", "down"], ["x", "y"])
    down, across = np.indices((6, 8), dtype=float)
    images = 1.0 + 0.5 * across - 0.25 * down + np.random.default_rng(1).normal(scale=0.01, size=(4, 6, 8))
    found = rvfit.curve_fit(model, images, start=[0, 0, 0])
    assert found.converged.all() and np.all(np.abs(found.theta - [1, 0.5, -0.25]) < 6 * found.error)


@COMPILER
def test_texts_that_do_not_compile(cache, monkeypatch):
    with pytest.raises(ValueError, match="the model does not compile: model:1:.*error: .*b.* was not declared"):
        models.expression("a * exp(-b * x)", ["a"])
    for text, names, message in (("a * x**2", ["a"], r"no \*\* in C\+\+: write sq\(x\)"),
                                 ("a * pow(x, 1/2)", ["a"], "1/2 is a division of whole numbers"),
                                 ("a * x", ["a", "a"], "parameter a is named twice"), ("a * x", ["a", "x"], "of a variable"),
                                 ("theta * x", ["theta"], "theta is a word of C"), ("a * x", ["a b"], "'a b' is no name"),
                                 ("a", [], "no parameters")):
        with pytest.raises(ValueError, match=message):
            models.expression(text, names)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(RuntimeError, match="no C\\+\\+ compiler: install g\\+\\+, or set CXX"):
        models.expression("a + x", ["a"])
