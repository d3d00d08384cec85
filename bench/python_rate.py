#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_rate.py RVFIT_DESI LIBRARY FILE [--pairs 9] [--threads 2] [--batch-size 64]

Rate of rvfit.fit on the spectra of a DESI file, in memory, over that of the program on the file, in turn in one run, as
the median of pairs: by the clock, and in processor seconds, which other work on the machine hardly changes.

clock      the program's phases scan, fit and errors (the mean of its workers, --summary-json): without start, library,
           reading, preparation and workers that wait. Of rvfit.fit the whole call: arrays that are read and prepared,
           fits, workers that wait at the end, results in arrays.
processor  the program's workers, with preparation; of rvfit.fit all threads in the whole call.

Results are compared bit for bit. The library's load and a first fit, which makes the plan, come before both clocks.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
from astropy.io import fits

import rvfit


def seconds_of_threads(process):
    """Processor seconds of each thread of a process until it ends, the longest first (Linux)."""
    seconds = {}
    while process.poll() is None:
        try:
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                with open(f"/proc/{process.pid}/task/{thread}/schedstat") as file:
                    seconds[thread] = int(file.read().split()[0]) * 1e-9
        except OSError:
            pass  # a thread has ended meanwhile
        time.sleep(0.02)
    return sorted(seconds.values(), reverse=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("library")
    parser.add_argument("file")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=64)
    asked = parser.parse_args()
    options = {"threads": asked.threads, "batch_size": asked.batch_size}
    library = rvfit.read_library(asked.library)
    spectra = rvfit.read_desi(asked.file)
    rvfit.fit(library, spectra[: asked.batch_size], **options)
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "LD_PRELOAD")}

    with tempfile.TemporaryDirectory() as folder:
        words = [asked.program, "--quiet", "--threads", str(asked.threads), "--batch-size", str(asked.batch_size),
                 "--emulator", asked.library, "--output-dir", folder, "--summary-json", folder + "/summary.json",
                 asked.file]

        def program():
            process = subprocess.Popen(words, env=environment)
            processor = seconds_of_threads(process)
            if process.returncode != 0:
                raise SystemExit(f"{asked.program} ended with {process.returncode}")
            with open(folder + "/summary.json") as file:
                phases = json.load(file)["seconds"]
            return phases["scan"] + phases["fit"] + phases["errors"], sum(processor[: asked.threads])

        def python():
            clock, processor = time.perf_counter(), time.process_time()
            result = rvfit.fit(library, spectra, **options)
            return time.perf_counter() - clock, time.process_time() - processor, result

        pairs = []
        for n in range(asked.pairs):
            if n % 2:
                *here, result = python()
                there = program()
            else:
                there = program()
                *here, result = python()
            pairs.append((there[0] / here[0], there[1] / here[1]))
            print(f"{n}: program {there[0]:.2f} s, {there[1]:.2f} of a core; rvfit.fit {here[0]:.2f} s, {here[1]:.2f} of "
                  f"a core; ratios {pairs[-1][0]:.3f}, {pairs[-1][1]:.3f}", flush=True)
        (table,) = [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith("rvtab")]
        with fits.open(table) as file:
            rows = file["RVTAB"].data
            differ = [name for name in ("VRAD", "VRAD_ERR", "TEFF", "LOGG", "FEH", "VSINI", "CHISQ_TOT")
                      if not np.array_equal(np.asarray(rows[name], result[name].dtype), result[name], equal_nan=True)]
    clock, processor = (statistics.median(each) for each in zip(*pairs))
    print(f"{len(spectra)} stars, medians of {len(pairs)} pairs: clock {clock:.3f}, processor {processor:.3f}; "
          f"{'not the same: ' + ', '.join(differ) if differ else 'the same bits'}")


if __name__ == "__main__":
    main()
