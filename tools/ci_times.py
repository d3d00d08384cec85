#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ci_times.py [BUILD]: where the minutes of `make test` go, as Markdown.

Phases are those of BUILD/times.tsv (tools/timed.sh), the last of each name; below them the targets that took
longest to compile (ninja's log: seconds from start to end, beside other compilations) and the longest tests.
"""

import collections
import pathlib
import re
import sys


def phases(build):
    """{name: (seconds, processor seconds)} of the last run of each phase."""
    last = {}
    for line in (build / "times.tsv").read_text(encoding="utf-8").splitlines():
        name, wall, user, system = line.split("\t")
        last.pop(name, None)
        last[name] = (float(wall), float(user) + float(system))
    return last


def compiled(log):
    """Seconds of each target of a ninja log, and how many objects it has."""
    ends = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            start, end, _, output, _ = line.split("\t")
            ends[output] = (int(end) - int(start)) / 1000
    seconds, objects = collections.Counter(), collections.Counter()
    for output, taken in ends.items():
        target = re.search(r"CMakeFiles/([^/]+)\.dir/", output)
        name = target.group(1) if target else "links and commands"
        seconds[name] += taken
        objects[name] += 1
    return seconds, objects


def tests(costs):
    """Seconds of each test, of ctest's record."""
    seconds = collections.Counter()
    for line in costs.read_text(encoding="utf-8").splitlines():
        if line == "---":
            break
        name, _, taken = line.split()
        seconds[name] = float(taken)
    return seconds


def main(build="build"):
    build = pathlib.Path(build)
    print("| phase | s | processor s |\n|---|---|---|")
    rows = phases(build)
    for name, (wall, processor) in rows.items():
        print(f"| {name} | {wall:.0f} | {processor:.0f} |")
    print(f"| all | {sum(w for w, _ in rows.values()):.0f} | {sum(p for _, p in rows.values()):.0f} |")
    for log in sorted(build.glob("*/.ninja_log")):
        print(f"\n| compiled for {log.parent.name} | objects | s |\n|---|---|---|")
        seconds, objects = compiled(log)
        for name, taken in seconds.most_common(12):
            print(f"| {name} | {objects[name]} | {taken:.0f} |")
    for costs in sorted(build.glob("*/Testing/Temporary/CTestCostData.txt")):
        print(f"\n| test, {costs.parents[2].name} | s |\n|---|---|")
        for name, taken in tests(costs).most_common(12):
            print(f"| {name} | {taken:.0f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
