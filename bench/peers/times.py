# SPDX-License-Identifier: MIT
"""Times that run.sh measured."""
import statistics


def seconds(name):
    """(by the clock, of processors) from NAME.seconds, a line `REAL USER SYSTEM` for each run: medians."""
    with open(f"{name}.seconds", encoding="ascii") as file:
        runs = [[float(word) for word in line.split()] for line in file]
    return (statistics.median(clock for clock, _, _ in runs),
            statistics.median(user + system for _, user, system in runs))
