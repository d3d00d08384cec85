#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""doc_snippets.py PAGE.md... > SOURCE.cpp: the C++ code blocks of pages as one source to compile.

The blocks of a page follow one another in a namespace of the page's own, so they are declarations; lines
`#include` go to the top. Compiler messages name page and line.
"""

import pathlib
import re
import sys


def snippets(page):
    """Yield (line number, lines) of each ```cpp block."""
    block, start = None, 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if block is None:
            if line.strip() == "```cpp":
                block, start = [], number + 1
        elif line.strip() == "```":
            yield start, block
            block = None
        else:
            block.append(line)
    if block is not None:
        sys.exit(f"{page}:{start}: code block without an end")


def main(paths):
    includes, body = ["#include <Kokkos_Core.hpp>", "#include <cstdio>", "#include <vector>"], []
    for path in map(pathlib.Path, paths):
        body.append("namespace " + re.sub(r"\W", "_", path.stem) + " {")
        for start, lines in snippets(path):
            body.append(f'#line {start} "{path}"')
            for line in lines:
                is_include = line.startswith("#include")
                (includes if is_include else body).append(line)
                if is_include:
                    body.append("")
        body.append("}")
    print("\n".join(includes + body))


if __name__ == "__main__":
    main(sys.argv[1:])
