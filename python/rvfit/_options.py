# SPDX-License-Identifier: MIT
"""Keyword arguments as the command line of the programs takes them."""

import numbers

import numpy as np

#: Options that name a value for each of several things: {"teff": 5000} is teff=5000.
_FLAGS_WITH_NO = ("resolution_matrix",)


def _text(value):
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{value} where a number or a word is wanted")
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    return str(value)


def _pair(name, value, separator):
    if isinstance(value, (list, tuple, np.ndarray)):
        return f"{name}={separator.join(_text(v) for v in value)}"
    return f"{name}={_text(value)}"


def arguments(options):
    """The words of a command line.

    >>> arguments({"npoly": 15, "fix_param": {"vsini": 0}, "priors": {"teff": (5000, 100)}})
    ['--npoly=15', '--fix-param=vsini=0', '--priors=teff=5000,100']
    """
    words = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or (isinstance(value, (bool, np.bool_)) and not value and name not in _FLAGS_WITH_NO):
            continue
        if isinstance(value, (bool, np.bool_)):
            words.append(option if value else "--no-" + option[2:])
        elif isinstance(value, dict):
            separator = ":" if name == "wave_range" else ","
            words += [f"{option}={_pair(key, each, separator)}" for key, each in value.items()]
        elif name == "wave_range" and isinstance(value, tuple) and len(value) == 2:
            words.append(f"{option}={_text(value[0])}:{_text(value[1])}")
        elif isinstance(value, (list, tuple, set)):
            words += [f"{option}={_text(each)}" for each in value]
        else:
            words.append(f"{option}={_text(value)}")
    return words
