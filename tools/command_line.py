# SPDX-License-Identifier: MIT
"""Parts that the tools share: one-line errors with exit code 2, command lines for HISTORY, strict input, output by rename."""
import argparse
import contextlib
import os
import sys
import tempfile
import warnings

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

TOOLS_VERSION = "0.1"
FITS_ERRORS = (OSError, TypeError, ValueError, AstropyWarning)  # what astropy answers to a damaged file


class ToolError(Exception):
    """A fault of the input or of the call, told in one line."""


class OneLineParser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line too."""

    def error(self, message):
        raise ToolError(message)


def run(main):
    """Call main(arguments); turn a ToolError into one line on stderr and exit code 2."""
    name = os.path.basename(sys.argv[0])
    try:
        sys.exit(main(sys.argv[1:]))
    except ToolError as error:
        print(f"{name}: error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


def base_name(path):
    return os.path.basename(os.path.normpath(path))


def history_line(tool, arguments):
    """The command line with every path cut to its base name."""
    words = []
    for word in arguments:
        option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
        words.append(option + equals + (base_name(value) if "/" in value else value))
    return " ".join([tool, *words])


@contextlib.contextmanager
def strict_fits(path):
    """Open a FITS file; astropy's warnings (truncated, wrong checksum) are errors within the block."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", AstropyWarning)
        with fits.open(path, memmap=False, checksum=True) as hdus:
            yield hdus


@contextlib.contextmanager
def replaced_file(path):
    """Give a temporary name beside `path`; rename it to `path` if the block succeeds, else remove it."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise ToolError(f"{path}: cannot be written, its folder does not exist")
    try:
        handle, temporary = tempfile.mkstemp(
            prefix=f".{os.path.basename(path)}.", suffix=os.path.splitext(path)[1], dir=folder)
    except OSError as error:
        raise ToolError(f"{path}: cannot be written ({error.strerror})") from None
    os.close(handle)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        raise ToolError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
