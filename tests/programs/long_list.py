# SPDX-License-Identifier: MIT
"""The command that made DESI's DR1 table, over simulated healpix files with redrock files beside them.

long_list.py PROGRAM EMULATOR FILES STARS KILLS: makes FILES files of STARS stars in the current folder from the files
seed-*.fits that are there, runs the command undisturbed (rate and memory over time), runs it again and kills it KILLS times
at random moments, and compares the outputs. Prints a line of JSON; of 40 files or more also rate and memory of each quarter
of the list beside their mean, so that 'flat within 10 %' reads: every 'of mean' from 0.9 to 1.1."""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
from astropy.io import fits

program, emulator, files, stars, kills = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
mws_any, std_bright, galaxy = 1 << 61, 1 << 35, 1 << 60


def make_file(number, seed):
    """One healpix file; of five stars one is no target, one is a galaxy for redrock, but bears a bit of STD."""
    folder = pathlib.Path(f"healpix/{number // 100}/{number}")
    folder.mkdir(parents=True)
    name = f"main-bright-{number}.fits"
    with fits.open(seed) as hdus:
        ids = 39627000000000000 + 1000 * number + np.arange(stars)
        table = hdus["FIBERMAP"]
        table.data["TARGETID"] = ids
        bits = np.array([mws_any, std_bright, galaxy, mws_any, std_bright])[np.arange(stars) % 5]
        columns = table.columns + fits.ColDefs([fits.Column("DESI_TARGET", "K", array=bits)])
        hdus["FIBERMAP"] = fits.BinTableHDU.from_columns(columns, name="FIBERMAP")
        hdus.writeto(folder / f"coadd-{name}")
    types = np.where(np.arange(stars) % 5 >= 3, "STAR", "GALAXY")
    redshift = np.where(np.arange(stars) % 5 >= 3, 1e-4, 0.3)
    columns = [fits.Column("TARGETID", "K", array=ids), fits.Column("Z", "D", array=redshift),
               fits.Column("SPECTYPE", "6A", array=types), fits.Column("SUBTYPE", "20A", array=[""] * stars)]
    fits.BinTableHDU.from_columns(columns, name="REDSHIFTS").writeto(folder / f"redrock-{name}")
    return str(folder / f"coadd-{name}")


def start(output):
    """The list is a queue: what a killed run took out of it comes back with the whole list."""
    pathlib.Path("queue.txt").write_text("\n".join(paths) + "\n")
    return subprocess.Popen(
        [program, "--emulator", emulator, "--nthreads=16", "--skipexisting", "--log", f"{output}.log", "--queue_file",
         "--input_file_from", "queue.txt", "--process_status_file", f"{output}.status", "--subdirs", "--output_dir", output,
         "--objtypes=SCND_ANY,MWS_ANY,STD_*", "--zbest_select", "--minsn=2"],
        stdout=subprocess.DEVNULL)


def lines_of(path):
    return path.read_text().count("\n") if path.exists() else 0


def memory(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next((int(line.split()[1]) // 1024 for line in text.splitlines() if line.startswith("VmRSS")), 0)


def undisturbed():
    """(seconds, files done, MiB) over time."""
    begin, trace = time.monotonic(), []
    process = start("good")
    while process.poll() is None:
        time.sleep(0.05)
        trace.append((time.monotonic() - begin, lines_of(pathlib.Path("good.status")), memory(process)))
    assert process.returncode == 0, process.returncode
    assert lines_of(pathlib.Path("good.status")) == files
    if len(os.sched_getaffinity(0)) < 16:
        assert pathlib.Path("good.log").read_text().count("--threads 16: this process has") == 1
    return trace


def killed(seconds):
    """Kill a run again and again: at the moment of each kill some files are done."""
    done = []
    for _ in range(kills):
        process = start("out")
        time.sleep(random.uniform(0.1, max(2 * seconds / (kills + 1), 0.5)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        done.append(len(list(pathlib.Path("out").rglob("rvtab_*"))) if pathlib.Path("out").exists() else 0)
    assert start("out").wait() == 0
    return done


def rate(trace, first, last):
    """Files a second between two fractions of the list."""
    (t0, n0), (t1, n1) = [next((t, n) for t, n, _ in trace if n >= share * files) for share in (first, last)]
    return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0


random.seed(1)
seeds = sorted(map(str, pathlib.Path(".").glob("seed-*.fits")))
paths = [make_file(number, seeds[number % len(seeds)]) for number in range(files)]
trace = undisturbed()
report = {"files": files, "seconds": round(trace[-1][0], 1), "killed_at": killed(trace[-1][0])}
rows = sum(fits.getval(path, "NAXIS2", "RVTAB") for path in map(str, pathlib.Path("good").rglob("rvtab_*")))
expected = files * sum(n % 5 != 2 for n in range(stars))
assert rows == expected, f"{rows} rows, expected {expected}"
report["rows"] = int(rows)
if files >= 40:
    rates = [rate(trace, q / 4 + 0.02, (q + 1) / 4 - 0.02) for q in range(4)]
    memories = [max((m for _, n, m in trace if q * files / 4 <= n <= (q + 1) * files / 4), default=0) for q in range(4)]
    print(f"{'quarter':>8}{'files/s':>10}{'of mean':>10}{'MiB':>8}{'of mean':>10}")
    for q in range(4):
        print(f"{q + 1:8}{rates[q]:10.2f}{rates[q] / np.mean(rates):10.3f}{memories[q]:8}{memories[q] / np.mean(memories):10.3f}")
    for name, values in (("rate", rates), ("memory", memories)):
        report[f"{name}_by_quarter"] = [round(value, 2) for value in values]
        report[f"{name}_furthest_from_mean"] = round(float(np.max(np.abs(values / np.mean(values) - 1))), 3)
print(json.dumps(report))
