# SPDX-License-Identifier: MIT
"""Arrays of any kind: the right answer without a copy, the right answer with one, or an error that says what is wrong."""

import importlib
import pickle
import sys

import numpy as np
import pytest

import rvfit
from test_fit import same_results

asks_for_copies = pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0",
                                     reason="NumPy cannot ask for a copy")
KEYS = ("VRAD", "VRAD_ERR", "TEFF", "CHISQ_TOT")


def spectra_of(stars, change=lambda name, array: array, rows=4, **more):
    """Some stars, their arrays changed."""
    arms = {}
    for name, arm in stars[0][:rows].arms.items():
        arms[name] = rvfit.Arm(change("wave", arm.wave[0]), change("flux", arm.flux), change("ivar", arm.weight),
                               mask=change("mask", arm.mask), label=arm.label)
    return rvfit.Spectra(arms, masked=stars[0].masked, error_floor=0.3, **more)


@pytest.fixture(scope="module")
def wanted(library, stars):
    return rvfit.fit(library, spectra_of(stars))


def strided(_, array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def read_only(_, array):
    array = array.copy()
    array.flags.writeable = False
    return array


def fortran(_, array):
    return np.asfortranarray(array)


def big_endian(_, array):
    return array.astype(array.dtype.newbyteorder(">"))


def doubles(name, array):
    return array if name == "mask" else array.astype(float)


def backwards(_, array):
    return array[..., ::-1]


def boolean(name, array):
    return array != 0 if name == "mask" else array


def int64(name, array):
    return array.astype(np.int64) if name == "mask" else array


class Tensor:
    """An array of another package, which knows DLPack only."""

    def __init__(self, array, device=1):
        self.array, self.device = array, device

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return (self.device, 0)

    @property
    def __array_interface__(self):
        raise AttributeError("this one has none")


def tensor(_, array):
    return Tensor(array)


@pytest.mark.parametrize("change", [strided, read_only, fortran, big_endian, doubles, backwards, boolean, int64, tensor])
def test_kinds(library, stars, wanted, change):
    same_results(rvfit.fit(library, spectra_of(stars, change)), wanted)


@pytest.mark.parametrize("change", [strided, read_only, fortran, doubles])
def test_no_copy(stars, change):
    """The fit looks at the caller's memory."""
    spectra = stars[0][:4]
    arm = spectra.arms["desi_b"]
    flux, ivar = change("flux", arm.flux), change("ivar", arm.weight)
    held = rvfit.Spectra(desi_b=rvfit.Arm(arm.wave[0], flux, ivar))._compiled_arms()[0]
    assert held.addresses == (flux.__array_interface__["data"][0], ivar.__array_interface__["data"][0])


def test_tensors(stars):
    """Tensors of other packages are read where they lie; results go to them as any array of NumPy does."""
    arm = stars[0].arms["desi_b"]
    held = rvfit.Spectra(desi_b=rvfit.Arm(arm.wave[0], Tensor(arm.flux), Tensor(arm.weight)))._compiled_arms()[0]
    assert held.addresses == tuple(a.__array_interface__["data"][0] for a in (arm.flux, arm.weight))
    with pytest.raises(TypeError, match="err is in the memory of a device .*type 2.* cannot be copied"):
        rvfit.Arm(arm.wave[0], arm.flux, err=OlderTensor(arm.weight, device=2))


class OlderTensor(Tensor):
    """One of a package that does not know yet that it may be asked for a copy."""

    def __dlpack__(self, *, stream=None):
        return self.array.__dlpack__()


class DeviceTensor(Tensor):
    """One in the memory of a device, whose package copies it to the host when asked."""

    def __init__(self, array):
        super().__init__(array, device=2)
        self.copies = 0

    def __dlpack__(self, *, dl_device=None, copy=None, **options):
        if dl_device != (1, 0) or copy is False:
            raise BufferError("not on the host")
        self.copies += 1
        return self.array.copy().__dlpack__(**options)


@asks_for_copies
def test_device_tensors(library, stars, wanted):
    """Arrays on a device are copied to the host by their own package, once."""
    taken = []

    def on_device(_, array):
        taken.append(DeviceTensor(array))
        return taken[-1]

    same_results(rvfit.fit(library, spectra_of(stars, on_device)), wanted)
    assert [each.copies for each in taken] == [1] * 12
    x = np.arange(20.0)
    y = np.random.default_rng(4).normal(3, 1, size=(5, 20))
    line = rvfit.models.polynomial(1)
    there = rvfit.curve_fit(line, DeviceTensor(y), x=x, sigma=1.0)
    assert np.array_equal(there.theta, rvfit.curve_fit(line, y, x=x, sigma=1.0).theta)


class Placed(Tensor):
    """One in the memory that fits run in, of a package with indices and shapes."""

    taken = 0  #: copies on the host

    def __getitem__(self, rows):
        return Placed(self.array[rows], self.device)

    def reshape(self, *shape):
        return Placed(self.array.reshape(*shape), self.device)

    @property
    def shape(self):
        return self.array.shape

    def __dlpack__(self, *, dl_device=None, copy=None, **options):
        Placed.taken += dl_device is not None
        return self.array.__dlpack__(**options)


@pytest.fixture(name="placed")
def fixture_placed(monkeypatch):
    """Arrays that lie where fits run, as those of a GPU's package do in a build for that GPU. Where that is the host they
    take the same way through the package once no memory counts as the host's."""
    monkeypatch.setattr(rvfit._packages, "_HOST_DEVICES", ())
    monkeypatch.setattr(Placed, "taken", 0)
    return lambda array: Placed(np.ascontiguousarray(array), rvfit._core.module.device_type)


on_the_host = pytest.mark.skipif(rvfit._core.module.device_type != 1, reason="the memory of fits is not the host's")


@on_the_host
@pytest.mark.parametrize("rows", [slice(None), [13, 10, 2, 3, 4, 0, 1], np.arange(24) % 3 > 0, slice(None, None, 2)])
def test_spectra_where_fits_run(library, stars, placed, rows):
    """They are read there, batch by batch, whatever rows are asked for."""
    def there(name, array):
        return array if name == "wave" else placed(array)

    spectra = spectra_of(stars, there, rows=24)[rows]
    assert all(isinstance(arm.flux, rvfit._packages.Rows) for arm in spectra.arms.values())
    found = rvfit.fit(library, spectra, batch_size=4)
    assert Placed.taken == 0
    same_results(found, rvfit.fit(library, spectra_of(stars, rows=24)[rows]))


@on_the_host
def test_exposures_where_fits_run(library, stars, placed):
    def spectra(change):
        arms = spectra_of(stars, change).arms
        return rvfit.Spectra(arms, star=[7, 8, 7, 8], masked=stars[0].masked, error_floor=stars[0].error_floor)

    there, here = (rvfit.fit(library, spectra(change), rv_per_exposure=True)
                   for change in (lambda name, array: array if name == "wave" else placed(array), lambda _, array: array))
    same_results(there, here)
    assert np.array_equal(there["VRAD_2"], here["VRAD_2"])


@on_the_host
@asks_for_copies
def test_what_cannot_be_read_there_is_copied(library, stars, wanted, placed):
    def backwards_there(name, array):
        return placed(backwards(name, array))

    def columns_first(_, array):
        return Placed(np.asfortranarray(array), 1) if array.ndim == 2 else array

    for change in (backwards_there, columns_first):
        same_results(rvfit.fit(library, spectra_of(stars, change)), wanted)
    arm = spectra_of(stars, lambda _, array: placed(array)).arms["desi_b"]
    assert np.array_equal(pickle.loads(pickle.dumps(arm)).flux, stars[0].arms["desi_b"].flux[:4], equal_nan=True)
    good = importlib.import_module("rvfit._plot")._good
    assert good(arm, 1).sum() == good(stars[0].arms["desi_b"], 1).sum() > 2000
    with pytest.raises(ValueError, match=r"ivar has shape \(4, 5\), flux has \(4, "):
        rvfit.fit(library, rvfit.Spectra(desi_b=rvfit.Arm(arm.wave[0], arm.flux.tensor, placed(np.ones((4, 5))))))


@on_the_host
@asks_for_copies
def test_mixed_places(library, stars, wanted, placed):
    """Each array is read where it is; indices mean what they do in NumPy."""
    def some_there(name, array):
        return placed(array) if name == "ivar" else array.astype(np.int64) if name == "mask" else array

    spectra = spectra_of(stars, some_there)
    same_results(rvfit.fit(library, spectra), wanted)
    assert np.array_equal(rvfit.fit(library, spectra[-1])["VRAD"], wanted["VRAD"][-1:])
    with pytest.raises(IndexError):
        spectra[np.array([7])]
    elsewhere = Placed(np.ones((2, 5)), 1)
    elsewhere.__class__ = type("Other", (Placed,), {"__dlpack_device__": lambda self: (1, 5)})
    assert not rvfit._packages.is_where_fits_run(elsewhere)
    matrices = np.zeros((6, 50))
    matrices[::2] = 1.0
    arm = rvfit.Arm(np.linspace(4000, 5000, 50), np.ones(50), np.ones(50), resolution=Placed(matrices)[::2])
    assert np.array_equal(arm.resolution, np.ones((1, 3, 50)))
    rvfit.Spectra(desi_b=arm)._compiled()


@on_the_host
@asks_for_copies
def test_likelihood_where_fits_run(library, stars, placed):
    """Points are read there, and values stay there."""
    like = rvfit.Likelihood(library, stars[0][:2])
    middle = np.array([[5000.0, 4.0, -1.0, 0.2, 10.0, 30.0], [5600.0, 3.0, -0.5, 0.1, 20.0, -50.0]])
    theta = middle + np.array([0.0, 0.1, 0.2])[:, np.newaxis, np.newaxis]
    there, here = like.linearize(placed(theta)), like.linearize(theta)
    assert Placed.taken == 0
    for one, other in zip(there, here):
        assert not isinstance(one, np.ndarray) and one.__dlpack_device__()[0] == rvfit._core.module.device_type
        assert np.array_equal(np.from_dlpack(one), other)
    assert np.array_equal(np.from_dlpack(like(placed(theta))), here[0])
    one = rvfit.Likelihood(library, stars[0][0])
    assert np.from_dlpack(one(placed(middle[0]))) == one(middle[0])
    with pytest.raises(ValueError, match=r"theta has shape \(3, 1, 6\), \(.., 2, 6\) wanted"):
        like(placed(theta[:, :1]))
    single = one(placed(middle[0].astype(np.float32)))
    assert np.from_dlpack(single).shape == () and np.from_dlpack(single) == one(middle[0].astype(np.float32))
    empty = like(placed(theta[:0]))
    assert np.from_dlpack(empty).shape == (0, 2)


@on_the_host
@asks_for_copies
def test_results_where_fits_run(library, wanted, placed):
    """Arrays that outlive what they came from."""
    like = placed(np.zeros(3))
    arrays = wanted.arrays_like(like)
    assert "STATUS" not in arrays and "VRAD" in arrays
    for name, array in arrays.items():
        values = wanted.theta if name == "theta" else wanted[name]
        assert array.__dlpack_device__()[0] == rvfit._core.module.device_type
        if values.dtype != bool:  # which older versions of NumPy do not take from others
            assert np.array_equal(np.from_dlpack(array), values, equal_nan=True), name
    columns = [(name, "", "", wanted[name]) for name in wanted.keys()]
    swapped = rvfit.Result([("ID", "", "", np.arange(3, dtype=">i8")), *columns], wanted.parameters, {}, {}, {})
    assert np.array_equal(np.from_dlpack(swapped.arrays_like(like)["ID"]), np.arange(3))
    labels = {each.name: placed([each.lower, each.upper]) for each in library.labels}
    templates = library.spectrum(labels, arm=library.arms[0].name)
    assert not isinstance(templates, np.ndarray) and np.from_dlpack(templates).shape == (2, 1000)


def test_torch(library, stars, wanted):
    torch = pytest.importorskip("torch")
    found = rvfit.fit(library, spectra_of(stars, lambda name, array: torch.from_numpy(np.array(array))))
    same_results(found, wanted)
    assert torch.equal(torch.from_dlpack(found["VRAD"]), torch.from_numpy(wanted["VRAD"]))
    arrays = found.arrays_like(torch.zeros(1))
    assert torch.equal(arrays["VRAD"], torch.from_numpy(wanted["VRAD"]))
    assert arrays["COVAR"].shape == wanted["COVAR"].shape
    like = rvfit.Likelihood(library, stars[0][0])
    theta = torch.tensor([5000.0, 4.0, -1.0, 0.2, 10.0, 30.0], dtype=torch.float64)
    values = like(torch.stack([theta, theta + 0.1]))
    assert torch.is_tensor(values) and np.array_equal(values.numpy(), like(np.stack([theta, theta + 0.1])))
    assert like(theta).shape == () and like.gradient(theta)[1].shape == (6,)
    labels = {each.name: torch.tensor(each.lower) for each in library.labels}
    assert torch.is_tensor(library.spectrum(labels, arm=library.arms[0].name))
    with pytest.raises(ValueError, match="flux: .*grad"):
        rvfit.Arm([4000.0, 4001.0], torch.ones(1, 2, requires_grad=True), [[1.0, 1.0]])


def test_masked_err_and_units(library, stars, wanted):
    units = pytest.importorskip("astropy.units")
    arms = {}
    for name, arm in stars[0][:4].arms.items():
        flux = np.ma.MaskedArray(arm.flux, arm.mask != 0) 
        arms[name] = rvfit.Arm((arm.wave[0] / 10) * units.nm, flux, arm.weight, label=arm.label)
    found = rvfit.fit(library, rvfit.Spectra(arms, masked=stars[0].masked, error_floor=0.3))
    for key in KEYS:
        # Wavelengths are rounded once more.
        assert np.allclose(found[key], wanted[key], rtol=1e-5)
    arms = {}
    for name, arm in stars[0][:4].arms.items():
        with np.errstate(divide="ignore"):
            arms[name] = rvfit.Arm(arm.wave[0], arm.flux, err=1 / np.sqrt(arm.weight.astype(float)), mask=arm.mask,
                                   label=arm.label)
    found = rvfit.fit(library, rvfit.Spectra(arms, masked=stars[0].masked, error_floor=0.3))
    for key in KEYS:
        # Weights are rounded to float from another double.
        assert np.allclose(found[key], wanted[key], rtol=1e-5)


def test_bad_spectra(library, stars):
    """A star of NaN, one without weight: a status, and the others as before."""

    def spoiled(name, array):
        array = array.copy()
        if name == "flux":
            array[1] = np.nan
        if name == "ivar":
            array[2] = 0
        return array

    found = rvfit.fit(library, spectra_of(stars, spoiled))
    assert list(found["STATUS"]) == ["converged", "no_valid_pixels", "no_valid_pixels", "converged"]
    assert np.isnan(found["VRAD"][1]) and found.warnings(1) == ["nothing could be fitted"]


def test_no_stars(library, stars):
    found = rvfit.fit(library, stars[0][:0])
    assert len(found) == 0 and found["COVAR"].shape[0] == 0


WAVE = np.linspace(4000.0, 5000.0, 100)
ONES = np.ones((3, 100), np.float32)


@pytest.mark.parametrize(
    "arrays, error, text",
    [
        (dict(wave=WAVE[:50], flux=ONES, ivar=ONES), ValueError, r"wave has shape \(1, 50\), flux has \(3, 100\)"),
        (dict(wave=WAVE, flux=ONES, ivar=ONES[:2]), ValueError, r"ivar has shape \(2, 100\), flux has \(3, 100\)"),
        (dict(wave=WAVE, flux=ONES, ivar=ONES, mask=ONES[0] > 0), ValueError, r"mask has shape \(1, 100\)"),
        (dict(wave=WAVE, flux=ONES, ivar=ONES, mask=ONES), TypeError, "mask has numbers of type float32"),
        (dict(wave=WAVE, flux=ONES), TypeError, "ivar .* or err"),
        (dict(wave=WAVE, flux=ONES, ivar=ONES, err=ONES), TypeError, "one of them"),
        (dict(wave=WAVE, flux=ONES.astype(complex), ivar=ONES), TypeError, "complex"),
        (dict(wave=WAVE, flux=[["a"] * 100] * 3, ivar=ONES), TypeError, "flux has numbers of type"),
        (dict(wave=np.where(WAVE > 4500, WAVE - 400, WAVE), flux=ONES, ivar=ONES), ValueError, "increasing wanted"),
        (dict(wave=np.where(WAVE > 4500, np.nan, WAVE), flux=ONES, ivar=ONES), ValueError, "nan after"),
        (dict(wave=WAVE, flux=ONES[None], ivar=ONES[None]), ValueError, r"shape \(1, 3, 100\)"),
        (dict(wave=WAVE[:1], flux=ONES[:, :1], ivar=ONES[:, :1]), ValueError, "has 1 pixels, at least 2"),
        (dict(wave=WAVE, flux=ONES, ivar=ONES, medium="water"), ValueError, "medium"),
    ],
)
def test_wrong_arrays(library, arrays, error, text):
    with pytest.raises(error, match=text):
        rvfit.fit(library, rvfit.Spectra(desi_b=rvfit.Arm(**arrays)))


def test_refused_arrays_are_let_go(library):
    flux = np.ones((3, 100), np.float32)
    before = sys.getrefcount(flux)
    for _ in range(3):
        with pytest.raises(ValueError, match="increasing wanted"):
            rvfit.fit(library, rvfit.Spectra(desi_b=rvfit.Arm(np.where(WAVE > 4500, WAVE - 400, WAVE), flux, ONES)))
    assert sys.getrefcount(flux) == before


@pytest.mark.parametrize(
    "options, error, text",
    [
        (dict(npoly=0), ValueError, "--npoly"),
        (dict(npolly=3), TypeError, "did you mean.*--npoly"),
        (dict(priors={"teff": (5000, -1)}), ValueError, "SIGMA must be positive"),
        (dict(fix_param={"mass": 1}), ValueError, "--fix-param mass: a fit has teff"),
        (dict(min_vel=100, max_vel=-100), ValueError, "range of rv is empty"),
        (dict(resolution_matrix=True), ValueError, "--resolution-matrix"),
        (dict(npoly=True), ValueError, "--npoly"),
        (dict(batch_size=float("nan")), ValueError, "--batch"),
    ],
)
def test_wrong_options(library, stars, options, error, text):
    with pytest.raises(error, match=text):
        rvfit.fit(library, stars[0][:1], **options)


def test_wrong_files(library, tmp_path):
    with pytest.raises(OSError, match="nothing.fits"):
        rvfit.read_library(tmp_path / "nothing.fits")
    (tmp_path / "bad.fits").write_bytes(b"SIMPLE  =" * 400)
    for read in (rvfit.read_library, rvfit.read_desi, rvfit.read_sdss, rvfit.read_lamost, rvfit.read_apogee,
                 rvfit.read_weave):
        with pytest.raises(OSError, match="bad.fits"):
            read(tmp_path / "bad.fits")


def test_arms(library, stars):
    arm = stars[0].arms["desi_b"]
    with pytest.raises(OSError, match="no arm 'desi_x', there are: desi_b"):
        rvfit.fit(library, rvfit.Spectra(desi_x=arm))
    with pytest.raises(ValueError, match="desi_b 24, desi_r 3"):
        rvfit.Spectra(desi_b=arm, desi_r=stars[0][:3].arms["desi_r"])
    with pytest.raises(ValueError, match="no arms"):
        rvfit.Spectra()


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_no_pixels(shape):
    with pytest.raises(ValueError, match="there are no pixels"):
        rvfit.Arm(np.zeros(0), np.zeros(shape), np.zeros(shape))
