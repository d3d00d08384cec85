# SPDX-License-Identifier: MIT
"""A tiny template library in rvspecfit's layout, written from its description, and its network in torch."""
import os

import h5py
import numpy as np
import torch

NAMES = ["teff", "logg", "feh", "alpha"]
WIDTH, DEPTH, COMPONENTS = 12, 2, 7


def save_value(group, key, value):
    """Store one value as rvspecfit's serializer does: with the attribute 'type'."""
    if isinstance(value, dict):
        child = group.create_group(key)
        for name, item in value.items():
            save_value(child, name, item)
        return
    if isinstance(value, tuple):  # of different types
        save_value(group, key, {f"__item_{i}": item for i, item in enumerate(value)})
        group[key].attrs["type"] = "flattened_tuple"
        return
    if value is None:
        data, kind = 0, "None"
    elif isinstance(value, str):
        data, kind = value, "str"
    elif isinstance(value, list):
        data, kind = value, "list"
    elif isinstance(value, np.ndarray):
        data, kind = value, "ndarray"
    else:
        data, kind = value, "scalar"
    dataset = group.create_dataset(key, data=data, dtype=h5py.string_dtype() if kind == "str" else None)
    dataset.attrs["type"] = kind


def save_description(path, content, version=1):
    with h5py.File(path, "w") as file:
        file.attrs["version"] = version
        for key, value in content.items():
            save_value(file, key, value)


class Network(torch.nn.Module):
    """Linear, non-linearity, and for the middle layers batch norm; then a linear layer to the pixels."""

    def __init__(self, pixels, with_batch_norm, nonlinearity):
        super().__init__()
        sizes = [len(NAMES)] + [WIDTH] * (DEPTH + 1) + [COMPONENTS]
        self.model = torch.nn.Sequential()
        for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            self.model.add_module(f"lin_{i}", torch.nn.Linear(inputs, outputs))
            self.model.add_module(f"nl_{i}", getattr(torch.nn, nonlinearity)())
            if with_batch_norm and 1 <= i <= DEPTH:
                self.model.add_module(f"bn_{i}", torch.nn.BatchNorm1d(outputs))
        self.pc_layer = torch.nn.Linear(COMPONENTS, pixels)

    def forward(self, x):
        return self.pc_layer(self.model(x))


def make_network(pixels, with_batch_norm=True, nonlinearity="SiLU", seed=1):
    """A random network; its batch norms have statistics and weights far from 0 and 1."""
    torch.manual_seed(seed)
    network = Network(pixels, with_batch_norm, nonlinearity)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var") or ".bn_" in name and name.endswith("weight"):
            tensor.uniform_(0.2, 3.0)
        elif name.endswith("running_mean") or ".bn_" in name and name.endswith("bias"):
            tensor.normal_(0.0, 0.7)
        elif name.endswith("num_batches_tracked"):
            tensor.fill_(17)
    return network.eval()


def make_description(setup, wave, with_batch_norm=True, nonlinearity=None, log_step=True):
    """The contents of interp_<setup>.h5. nonlinearity None: class_kwargs lack it, as those of older libraries do."""
    random = np.random.default_rng(3)
    points = np.array(np.meshgrid(np.log10([4000, 5000, 6000, 7000.]), [0, 1.5, 3, 4.5], [-2, -1, 0.], [0, 0.4]),
                      np.float32).reshape(4, -1).T
    points = points[~((points[:, 0] > 3.8) & (points[:, 1] < 1))]  # a corner is missing
    offset, scale = points.mean(0).astype(float), points.std(0).astype(float)
    options = dict(indim=len(NAMES), nlayers=DEPTH, width=WIDTH, npc=COMPONENTS, npix=len(wave),
                   withbn=with_batch_norm)
    if nonlinearity is not None:
        options["nonlinearity"] = nonlinearity
    return {
        "mapper_module": "rvspecfit.nn.NNInterpolator", "mapper_class_name": "Mapper",
        "mapper_args": (offset, scale, [0]), "parnames": list(NAMES), "lam": wave, "log_spec": True,
        "log_step": log_step, "module": "rvspecfit.nn.RVSInterpolator", "class_name": "RVSInterpolator",
        "device": "cpu", "class_kwargs": options, "outside_class_name": "OutsideInterpolator",
        "outside_kwargs": {"pts": random.permutation((points - offset) / scale)}, "nn_file": f"NNstate_{setup}.sav",
        "revision": "tiny", "git_rev": None, "cmdline": "", "interpolation_type": "generic"}


def container(network, **changes):
    """The versioned checkpoint; keywords replace its entries."""
    return {"checkpoint_magic": "rvspecfit.nn_interpolator", "checkpoint_version": 1, "nn_arch_version": 1,
            "state_dict": network.state_dict(), **changes}


def log_wave(first=4000.0, last=5000.0, pixels=101):
    return np.exp(np.linspace(np.log(first), np.log(last), pixels))


def write_setup(folder, setup, description, state):
    save_description(os.path.join(folder, f"interp_{setup}.h5"), description)
    torch.save(state, os.path.join(folder, f"NNstate_{setup}.sav"))


def write_library(folder, setups=("tiny_b", "tiny_r"), legacy=False, **options):
    """Write a good library; return its networks by setup. Options: with_batch_norm, nonlinearity, log_step, wave."""
    wave = options.pop("wave", log_wave())
    log_step = options.pop("log_step", True)
    networks = {}
    for seed, setup in enumerate(setups):
        network = make_network(len(wave), options.get("with_batch_norm", True),
                               options.get("nonlinearity") or "SiLU", seed)
        write_setup(folder, setup, make_description(setup, wave, log_step=log_step, **options),
                    network.state_dict() if legacy else container(network))
        networks[setup] = network
    return networks


# Regular grids.

GRID_AXES = [np.log10([4000.0, 4500.0, 5500.0]), np.array([1.0, 3.0]), np.array([-2.0, -1.0, 0.5]),
             np.array([0.0, 0.4])]
GRID_HOLES = [(2, 0, 2, 1), (0, 0, 0, 0)]


def grid_spectra(vectors, pixels, seed):
    """ln T of labels (NPAR, spectra): no simple function of them."""
    phase = np.random.default_rng(seed).uniform(1, 9, (pixels, 1 + len(vectors)))
    return (0.3 * np.sin(phase[:, :-1] @ vectors + phase[:, -1:])).T.astype(np.float32)


def make_grid_description(wave, seed=7, log_step=True):
    """The contents of interp_<setup>.h5 of a regular grid, in the order in which the spectra were made: by chance."""
    grid = np.meshgrid(*GRID_AXES, indexing="ij")
    there = np.ones(grid[0].shape, bool)
    there[tuple(np.transpose(GRID_HOLES))] = False
    order = np.random.default_rng(seed).permutation(there.sum())
    nodes = np.full(there.shape, -1)
    nodes[there] = order
    vectors = np.empty((len(NAMES), there.sum()))
    vectors[:, order] = np.array([axis[there] for axis in grid])
    return {"mapper_module": "rvspecfit.read_grid", "mapper_class_name": "LogParamMapper",
            "mapper_args": np.array([[0]]), "parnames": list(NAMES), "lam": wave, "log_step": log_step,
            "uvecs": dict(enumerate_items(GRID_AXES)), "regular": True, "idgrid": nodes, "vec": vectors,
            "interpolation_type": "regulargrid", "revision": "tiny grid", "git_rev": "1", "cmdline": "",
            "lognorms": np.zeros(there.sum())}


def enumerate_items(values):
    return ((f"__item_{j}", value) for j, value in enumerate(values))


def write_grid_setup(folder, setup, description, spectra):
    path = os.path.join(folder, f"interp_{setup}.h5")
    save_description(path, description)
    with h5py.File(path, "a") as file:
        if "uvecs" in file:
            file["uvecs"].attrs["type"] = "flattened_list"
    np.save(os.path.join(folder, f"interpdat_{setup}.npy"), spectra)


def write_grid_library(folder, setups=("tiny_b", "tiny_r")):
    """Write a good library of regular grids; return descriptions and spectra by setup."""
    written = {}
    for seed, setup in enumerate(setups):
        description = make_grid_description(log_wave(), seed)
        spectra = grid_spectra(description["vec"], len(log_wave()), seed)
        write_grid_setup(folder, setup, description, spectra)
        written[setup] = description, spectra
    return written
