#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_headers.py COMPILE_COMMANDS SOURCE FOLDER: every header below FOLDER compiles alone.

The command is that of SOURCE in COMPILE_COMMANDS. Reading Kokkos takes most of the time of a header: those that
include it, themselves or by others of FOLDER, find it read already (precompiled). Those that do not are compiled
without, so that none gets by on what another has included. A header that is the first thing another one includes is
compiled with that one: there, too, nothing comes before it.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)


def command_of(commands, source):
    """Compiler and flags for `source`, without input and output."""
    entry = next(e for e in json.loads(commands.read_text(encoding="utf-8")) if e["file"].endswith("/" + source))
    words = shlex.split(entry["command"])
    output = words.index("-o")
    return [w for w in words[:output] + words[output + 2 :] if w not in ("-c", entry["file"])], entry["directory"]


def reaches_kokkos(header, includes, known):
    """True where a header includes Kokkos, itself or by another one of `includes`: {name: names included}."""
    if header not in known:
        known[header] = False  # ends a circle, which lint refuses
        known[header] = any(
            name.startswith("Kokkos_") or (name in includes and reaches_kokkos(name, includes, known))
            for name in includes[header]
        )
    return known[header]


def come_first(includes, with_kokkos):
    """Headers that are the first include of another one, behind the same: a precompiled Kokkos, or nothing."""
    return {
        names[0]
        for header, names in includes.items()
        if names and names[0] in includes and with_kokkos[header] == with_kokkos[names[0]]
    }


def main(commands, source, folder):
    folder = pathlib.Path(folder)
    includes = {
        str(path.relative_to(folder)): INCLUDE.findall(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.hpp"))
    }
    compiler, directory = command_of(pathlib.Path(commands), source)
    with tempfile.TemporaryDirectory() as work:
        kokkos = pathlib.Path(work, "kokkos.hpp")
        kokkos.write_text("#include <Kokkos_Core.hpp>\n", encoding="utf-8")
        subprocess.run([*compiler, "-x", "c++-header", kokkos, "-o", f"{kokkos}.gch"], cwd=directory, check=True)

        known = {}
        for header in includes:
            reaches_kokkos(header, includes, known)

        alone = sorted(set(includes) - come_first(includes, known))

        def compile_alone(header):
            precompiled = ["-include", str(kokkos)] if known[header] else []
            return subprocess.run(
                [*compiler, *precompiled, "-fsyntax-only", "-x", "c++", "-"],
                input=f"#include <{header}>\n", text=True, cwd=directory, capture_output=True, check=False,
            )

        bad = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for header, result in zip(alone, pool.map(compile_alone, alone)):
                if result.returncode != 0:
                    bad += 1
                    print(f"{header} does not compile alone:\n{result.stderr}")
    print(f"{len(includes)} headers, {sum(known.values())} with Kokkos: {bad} do not compile alone")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
