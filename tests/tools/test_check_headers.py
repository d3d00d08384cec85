# SPDX-License-Identifier: MIT
"""tools/check_headers.py on three headers and a stand-in for Kokkos."""

import json
import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/check_headers.py"
GOOD = {
    "direct.hpp": "#include <Kokkos_Core.hpp>\ninline Kokkos::View view() { return {}; }\n",
    "indirect.hpp": "#include <direct.hpp>\ninline Kokkos::View again() { return view(); }\n",
    "plain.hpp": "inline int one() { return 1; }\n",
}


@pytest.fixture(name="check")
def fixture_check(tmp_path):
    """check(headers): the tool's exit code and output."""

    def check(headers):
        include, system = tmp_path / "include", tmp_path / "system"
        for folder in (include, system):
            folder.mkdir(exist_ok=True)
        (system / "Kokkos_Core.hpp").write_text("#pragma once\nnamespace Kokkos { struct View {}; }\n")
        for name, text in headers.items():
            (include / name).write_text("#pragma once\n" + text)
        commands = tmp_path / "compile_commands.json"
        entry = {
            "directory": str(tmp_path),
            "file": str(tmp_path / "all.cpp"),
            "command": f"g++ -std=c++20 -Werror -I{include} -isystem {system} -o all.o -c {tmp_path / 'all.cpp'}",
        }
        commands.write_text(json.dumps([entry]))
        run = subprocess.run(
            [sys.executable, TOOL, commands, "all.cpp", include], capture_output=True, text=True, check=False
        )
        return run.returncode, run.stdout

    return check


def test_headers_that_include_what_they_use(check):
    assert check(GOOD) == (0, "3 headers, 2 with Kokkos: 0 do not compile alone\n")


def test_a_header_without_its_include_is_named(check):
    code, output = check(GOOD | {"needy.hpp": "inline Kokkos::View mine() { return {}; }\n"})
    assert code == 1
    assert output.startswith("needy.hpp does not compile alone:")
    assert output.endswith("4 headers, 2 with Kokkos: 1 do not compile alone\n")


@pytest.mark.parametrize("kokkos", ["", "#include <Kokkos_Core.hpp>\n"])
def test_a_header_that_comes_first_in_another_is_checked_there(check, kokkos):
    needy = {"needy.hpp": "inline Kokkos::View mine() { return {}; }\n",
             "user.hpp": f"#include <needy.hpp>\n{kokkos}"}
    code, output = check(needy)
    assert code == 1
    assert "needy.hpp:2" in output
