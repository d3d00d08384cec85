# SPDX-License-Identifier: MIT
"""Type checkers and readers of help(): all that is public says what it takes and returns, and why it is there."""

import inspect
import os
import typing

import pytest

import rvfit
from rvfit import models
from rvfit.rvspecfit import fitter_ccf, spec_fit, utils, vel_fit

MODULES = (models, fitter_ccf, spec_fit, utils, vel_fit)
PUBLIC = {f"rvfit.{name}": getattr(rvfit, name) for name in rvfit.__all__}
PUBLIC.update((f"{module.__name__}.{name}", value) for module in MODULES for name, value in vars(module).items()
              if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__)


def functions(value):
    """A function; of a class its constructor and methods."""
    if inspect.isclass(value):
        for name, member in vars(value).items():
            member = member.fget if isinstance(member, property) else member
            if inspect.isfunction(member) and (not name.startswith("_") or name in ("__init__", "__call__", "__getitem__")):
                yield member
    else:
        yield value


@pytest.mark.parametrize("name", PUBLIC)
def test_public(name):
    value = PUBLIC[name]
    assert inspect.getdoc(value), name
    if value in (rvfit.Result, rvfit.CurveResult):  # which users do not make
        value = [member for member in functions(value) if member.__name__ != "__init__"]
    else:
        value = list(functions(value))
    for function in value:
        hints = typing.get_type_hints(function, localns={"Table": object, "Figure": object})
        parameters = set(inspect.signature(function).parameters) - {"self"}
        wanted = parameters | (set() if function.__name__ == "__init__" else {"return"})
        assert wanted <= set(hints), f"{function.__qualname__}: {wanted - set(hints)} without a type"


def test_marker():
    folder = os.path.dirname(rvfit.__file__)
    assert {"py.typed", "_core.pyi", "_processor.pyi"} <= set(os.listdir(folder))
