# SPDX-License-Identifier: MIT
"""Arrays drawn at random: an answer that is that of plain arrays, or an error."""

import numpy as np
import pytest

import rvfit
from test_fit import same_results

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import given, settings, strategies as st  # noqa: E402

WAVE = np.arange(6400.0, 6600.0, 1.0)


@pytest.fixture(scope="module")
def flux(library):
    labels = {"teff": 5000.0, "logg": 3.0, "feh": -1.0, "alpha": 0.2}
    spectra = library.spectrum(labels, rv=[-20, 0, 40], arm="desi_r", wave=WAVE)
    noise = np.random.default_rng(1).normal(size=spectra.shape)
    return (spectra + 0.02 * noise).astype(np.float32)


def shaped(array, form):
    """The same numbers, in memory of another form."""
    if form == "big":
        return array.astype(array.dtype.newbyteorder(">"))
    if form == "fortran":
        return np.asfortranarray(array)
    if form == "strided":
        wide = np.zeros((*array.shape[:-1], 3 * array.shape[-1]), array.dtype)
        wide[..., 1::3] = array
        return wide[..., 1::3]
    if form == "odd":  # a field of records: strides that are no multiple of the number's size
        records = np.zeros(array.shape, [("a", np.uint8), ("x", array.dtype)])
        records["x"] = array
        return records["x"]
    if form == "readonly":
        array = array.copy()
        array.flags.writeable = False
        return array
    if form == "list":
        return array.tolist()
    return array


FORMS = st.sampled_from(["plain", "big", "fortran", "strided", "odd", "readonly", "list"])
SPOILS = st.sampled_from([None, np.nan, np.inf, -np.inf, 0.0, -1.0, 1e30])


@settings(max_examples=40, deadline=None, derandomize=True,
          suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_answer_or_error(library, flux, data):
    rows = data.draw(st.integers(0, 3))
    values = flux[:rows].copy()
    ivar = np.full_like(values, 2500)
    mask = np.zeros(values.shape, bool)
    for array in (values, ivar):
        spoil = data.draw(SPOILS)
        if spoil is not None and rows:
            array[data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, 150)):][:20] = spoil
    if rows:
        mask[data.draw(st.integers(0, rows - 1)), :10] = data.draw(st.booleans())
    wave = np.tile(WAVE, (rows, 1)) if rows and data.draw(st.booleans()) else WAVE
    options = dict(max_iterations=2, min_vel=-200, max_vel=200, npoly=data.draw(st.integers(1, 8)))

    def fit(form):
        arm = rvfit.Arm(shaped(wave, form()), shaped(values, form()), shaped(ivar, form()), mask=shaped(mask, form()))
        return rvfit.fit(library, rvfit.Spectra(desi_r=arm), **options)

    wanted = fit(lambda: "plain")
    assert len(wanted) == rows
    if rows:  # a list without rows has no pixels
        same_results(fit(lambda: data.draw(FORMS)), wanted)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(shapes=st.lists(st.lists(st.integers(0, 4), min_size=0, max_size=3), min_size=3, max_size=4))
def test_shapes(shapes):
    """Shapes that do not fit together are a ValueError, in words."""
    arrays = [np.ones(shape) for shape in shapes]
    try:
        arm = rvfit.Arm(*arrays[:3], mask=None if len(arrays) < 4 else arrays[3] > 0)
        rvfit.Spectra(desi_r=arm)._compiled()
    except ValueError as error:
        assert "wanted" in str(error) or "flux has" in str(error) or "at least" in str(error)
