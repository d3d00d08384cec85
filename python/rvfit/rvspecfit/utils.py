# SPDX-License-Identifier: MIT
"""rvspecfit.utils: the configuration."""

from __future__ import annotations

import os
import warnings
from typing import Any


def get_default_config() -> dict[str, Any]:
    """rvspecfit's defaults."""
    return {
        "min_vel": -1000,
        "max_vel": 1000,
        "vel_step0": 5,
        "max_vsini": 500,
        "min_vsini": 1e-2,
        "min_vel_step": 0.2,
        "second_minimizer": True,
        "template_lib": "templ_data/",
    }


def freezeDict(d: dict[str, Any]) -> dict[str, Any]:
    """Settings as they are: nothing here wants them hashable."""
    return d


def _value(text):
    """A number, a logical or a word of a settings file."""
    text = text.split(" #")[0].strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "yes": True, "false": False, "no": False, "null": None, "": None}.get(text.lower(), text)


def read_config(fname: str | None = None, override_options: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read a settings file, lines of KEY: VALUE; keys that it lacks have rvspecfit's defaults.

    Returns
    -------
    config : dict
    """
    path = fname or "config.yaml"
    config = get_default_config()
    if os.path.exists(path):
        with open(path) as file:
            for number, line in enumerate(file, 1):
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                key, colon, text = line.partition(":")
                if not colon:
                    raise RuntimeError(f"{path}: line {number}: '{line}', expected KEY: VALUE")
                config[key.strip()] = _value(text)
    elif fname is not None:
        raise RuntimeError(f"Configuration file '{fname}' not found.")
    else:
        warnings.warn(f"Configuration file '{path}' not found. Using default settings", stacklevel=2)
    config["config_file_path"] = os.path.abspath(path)
    config.update(override_options or {})
    return config
