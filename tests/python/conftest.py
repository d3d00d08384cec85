# SPDX-License-Identifier: MIT
"""What the tests of the Python package share: the demonstration's library, and simulated stars."""

import pytest

import rvfit


@pytest.fixture(scope="session")
def library():
    return rvfit.demo_library()


@pytest.fixture(scope="session")
def stars(library):
    """(spectra, truth) of 24 stars."""
    return rvfit.simulate(library, stars=24, seed=3, snr_min=30)


@pytest.fixture(scope="session")
def result(library, stars):
    return rvfit.fit(library, stars[0], write_models=True)
