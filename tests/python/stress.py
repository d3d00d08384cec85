#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stress.py [--interpreters 1000] [--interrupts 100]: start and end interpreters that use rvfit, in many ways, and send
Ctrl-C at random moments of fits. Says what went wrong; too long for the tests, which try a few of each."""

import argparse
import os
import random
import signal
import subprocess
import sys
import time

STARTS = "import rvfit; library = rvfit.demo_library(); spectra, _ = rvfit.simulate(library, 2)\n"
ENDS = [
    "",
    "keep = [library, rvfit.Likelihood(library, spectra)]; keep.append(keep)",
    "import gc; gc.disable(); a = [rvfit.Likelihood(library, spectra)]; a.append(a); del library",
    "rvfit.fit(library, spectra)",
    "import sys; sys.exit(0)",
    "import threading, time; threading.Thread(target=lambda: rvfit.fit(library, spectra[[0, 1] * 200]), daemon=True).start();"
    " time.sleep(0.05)",
    "import atexit; atexit.register(lambda: rvfit.info())",
    "import os; child = os.fork(); os.waitpid(child, 0) if child else None",
]
INTERRUPTED = """
import numpy as np, rvfit, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
library = rvfit.demo_library()
spectra, _ = rvfit.simulate(library, 64)
many = spectra[np.arange(64).repeat(60)]
rvfit.fit(library, spectra[:2])
try:
    print("ready", flush=True)
    rvfit.fit(library, many)
except KeyboardInterrupt:
    print("interrupted", flush=True)
rvfit.fit(library, spectra[:2])
print("went on", flush=True)
"""


def start_and_end(number):
    """A complaint, or nothing."""
    code = STARTS + ENDS[number % len(ENDS)]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    if done.returncode or done.stdout or done.stderr:
        return f"interpreter {number} ({code.splitlines()[-1]}): code {done.returncode}: {done.stdout}{done.stderr}"
    return None


def interrupt(number):
    """(a complaint or nothing, seconds until Ctrl-C was heard)."""
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    time.sleep(random.Random(number).uniform(0.0, 2.0))
    began = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    second = process.stdout.readline()
    took = time.monotonic() - began
    rest, errors = process.communicate(timeout=300)
    if (first, second, rest, errors) != ("ready\n", "interrupted\n", "went on\n", ""):
        return f"interrupt {number}: {first}{second}{rest}{errors}", took
    return None, took


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--interpreters", type=int, default=1000)
    parser.add_argument("--interrupts", type=int, default=100)
    options = parser.parse_args()
    complaints = [text for text in map(start_and_end, range(options.interpreters)) if text]
    print(f"{options.interpreters} interpreters, {len(complaints)} with a complaint", flush=True)
    heard = [interrupt(number) for number in range(options.interrupts)]
    if heard:
        seconds = sorted(took for _, took in heard)
        print(f"{len(heard)} interrupts, heard after {seconds[len(seconds) // 2]:.2f} s in the median, {seconds[-1]:.2f} s at most")
    complaints += [text for text, _ in heard if text]
    print("\n".join(complaints))
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
