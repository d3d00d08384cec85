# SPDX-License-Identifier: MIT
"""The build of the package says in one line what it lacks."""

import os
import shutil
import subprocess
import sys

import pytest

SOURCE = os.environ.get("RVFIT_SOURCE_DIR", os.path.join(os.path.dirname(__file__), "../.."))


@pytest.mark.skipif(not shutil.which("cmake") or not shutil.which("c++"), reason="no CMake, or no compiler")
def test_missing(tmp_path):
    words = ["-DRVFIT_ENABLE_PYTHON=ON", f"-DPython_EXECUTABLE={sys.executable}", "-DRVFIT_KOKKOS_PREFIX="]
    words += [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ("Kokkos", "CLI11", "nanobind")]
    words += [f"-DRVFIT_ENABLE_{name}=OFF" for name in ("PROGRAMS", "TESTS", "EXAMPLES", "DOCS")]
    done = subprocess.run(["cmake", "-S", SOURCE, "-B", str(tmp_path), *words], capture_output=True, text=True)
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if "Python package wants" in line]
    assert "Kokkos 4.6 or newer" in line and "get_kokkos.sh" in line and "CLI11 (Debian: libcli11-dev)" in line
    assert "nanobind" in line and "CFITSIO" not in line
