# SPDX-License-Identifier: MIT
"""The package in a process: threads, signals, forks, the end of the interpreter."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import rvfit
from patience import PATIENCE
from test_fit import same_results


def run(code, *, check=True, **environment):
    """Run code in an interpreter of its own."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120 * PATIENCE,
                          env={**os.environ, **environment}, check=check)


def test_info():
    facts = rvfit.info()
    assert facts["version"] == rvfit.__version__ and facts["threads"] >= 0 and facts["register_bytes"] in (16, 32, 64)
    assert all(facts[name] for name in ("isa", "kokkos", "execution_space", "cfitsio"))


def test_instruction_sets():
    built = [name.split("_rvfit_")[1].split(".")[0] for name in os.listdir(os.path.dirname(rvfit.__file__))
             if name.startswith("_rvfit_") and name.endswith(".so")]
    for isa in built:
        if isa == "native" or isa in rvfit._core._processor.levels():
            assert run("import rvfit; print(rvfit.info()['isa'])", RVFIT_ISA=isa).stdout == isa + "\n"
    failed = run("import rvfit", RVFIT_ISA="v9", check=False)
    assert "RVFIT_ISA is v9, rvfit was built for" in failed.stderr


def test_threads_at_once(library, stars):
    """Fits of several Python threads are those of one."""
    wanted = rvfit.fit(library, stars[0][:6], npoly=8)
    found = [None] * 4

    def work(n):
        found[n] = rvfit.fit(library, stars[0][:6], npoly=8 if n % 2 == 0 else 9)

    threads = [threading.Thread(target=work, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same_results(found[0], wanted)
    same_results(found[2], wanted)
    same_results(found[1], found[3])


def test_small_fits(library):
    """Fits so short that a thread is done before the next has started."""
    wave = np.arange(6400.0, 6600.0, 1.0)
    labels = {"teff": 5000.0, "logg": 3.0, "feh": -1.0, "alpha": 0.2}
    flux = library.spectrum(labels, rv=[-20, 0, 40], arm="desi_r", wave=wave)
    for n in range(40):
        found = rvfit.fit(library, rvfit.Spectra(desi_r=rvfit.Arm(wave, flux, np.full_like(flux, 2500.0))), npoly=1 + n % 3,
                          max_iterations=2)
        assert len(found) == 3


def test_lock_is_released(library, stars):
    counted = 0
    done = threading.Event()
    thread = threading.Thread(target=lambda: (rvfit.fit(library, stars[0]), done.set()))
    thread.start()
    while not done.is_set():
        counted += 1
        time.sleep(0.001)
    thread.join()
    assert counted > 10


def test_progress(library, stars):
    told = []
    rvfit.fit(library, stars[0], batch_size=2, progress=lambda done, of: told.append((done, of)))
    assert told and told == sorted(told) and all(of == 24 for _, of in told)

    def refuse(done, of):
        raise ZeroDivisionError("enough")

    with pytest.raises(ZeroDivisionError, match="enough"):
        rvfit.fit(library, stars[0], batch_size=2, progress=refuse)


INTERRUPTED = """
import numpy as np, os, signal, threading, time, rvfit
library = rvfit.demo_library()
spectra, _ = rvfit.simulate(library, 64)
many = spectra[np.arange(64).repeat(60)]
rvfit.fit(library, spectra[:2])
threading.Timer({delay}, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    rvfit.fit(library, many)
    print("not interrupted")
except KeyboardInterrupt:
    pass
rvfit.fit(library, spectra[:2])
print("went on")
"""


@pytest.mark.parametrize("delay", [0.05, 0.7])
def test_interrupt(delay):
    """Ctrl-C ends a fit of minutes soon, and the next one works."""
    began = time.monotonic()
    done = run(INTERRUPTED.format(delay=delay))
    assert done.stdout == "went on\n" and done.stderr == ""
    assert time.monotonic() - began < 20 * PATIENCE


FORKED = """
import os, rvfit
library = rvfit.demo_library()
spectra, _ = rvfit.simulate(library, 2)
child = os.fork()
if child == 0:
    try:
        rvfit.fit(library, spectra)
    except RuntimeError as error:
        print(error, flush=True)
        del library
        raise SystemExit(0)
    raise SystemExit(1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(rvfit.fit(library, spectra)))
"""


def test_fork():
    """A child of a process that fits says why it cannot; a child of one that does not yet can."""
    done = run(FORKED, PYTHONWARNINGS="ignore::DeprecationWarning")  # Python 3.12 warns of any fork beside threads
    first, second = done.stdout.splitlines()
    assert "threads do not survive a fork" in first and "spawn" in first
    assert second == "0 2" and done.stderr == ""
    before = FORKED.replace("spectra, _ = rvfit.simulate(library, 2)\n", "").replace(
        "rvfit.fit(library, spectra)", "rvfit.fit(library, rvfit.simulate(library, 2)[0])").replace(
        "raise SystemExit(1)", "raise SystemExit(0)")
    assert run(before).stdout == "0 2\n"


SPAWNED = """
import multiprocessing, rvfit

def work(arguments):
    library, flux = arguments
    return rvfit.fit(library, rvfit.Spectra(desi_r=rvfit.Arm(*flux)))["VRAD"][0]

if __name__ == "__main__":
    library = rvfit.demo_library()
    spectra, truth = rvfit.simulate(library, 2, snr_min=50)
    arm = spectra.arms["desi_r"]
    jobs = [(library, (arm.wave[0], arm.flux[n], arm.weight[n])) for n in range(2)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print([round(abs(rv - true)) < 20 for rv, true in zip(pool.map(work, jobs), truth["rv"])])
"""


def test_spawn(tmp_path):
    (tmp_path / "spawned.py").write_text(SPAWNED)
    done = subprocess.run([sys.executable, str(tmp_path / "spawned.py")], capture_output=True, text=True,
                          timeout=120 * PATIENCE)
    assert done.stdout == "[True, True]\n", done.stderr


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "keep = library",
        "import builtins; builtins.kept = rvfit.Likelihood(library, spectra); import sys; sys.kept = builtins.kept",
        "import gc; gc.disable(); a = []; a += [a, library, rvfit.Likelihood(library, spectra)]",
        "import threading, time; threading.Thread(target=lambda: rvfit.fit(library, spectra[[0, 1] * 400]),"
        " daemon=True).start(); time.sleep(0.3)",
    ],
)
def test_end(rest):
    """The interpreter ends without a word, whatever is still alive."""
    done = run("import rvfit; library = rvfit.demo_library(); spectra, _ = rvfit.simulate(library, 2)\n"
               "result = rvfit.fit(library, spectra)\n" + rest)
    assert done.stdout == "" and done.stderr == ""


MEMORY = """
import resource, numpy as np, rvfit
library = rvfit.demo_library()
spectra, _ = rvfit.simulate(library, 64)
many = spectra[np.arange(64).repeat({times})]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rvfit.fit(library, many, max_iterations=1, batch_size=16, threads=1)  # a second may come too late to do anything
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, sum(arm.flux.nbytes for arm in many.arms.values()))
"""


def test_memory():
    """A fit takes memory for its batches, whatever the number of stars: of arrays of 20 MB more, a fifth at most."""
    few, many = (list(map(int, run(MEMORY.format(times=times)).stdout.split())) for times in (2, 12))
    assert many[1] - few[1] > 20e6
    assert 1024 * (many[0] - few[0]) < 0.2 * (many[1] - few[1]) + 4e6


def test_import_alone():
    """NumPy alone is wanted, and nothing starts."""
    done = run("import sys, rvfit; print([m for m in ('astropy', 'matplotlib', 'torch', 'tqdm') if m in sys.modules],"
               " rvfit.info()['threads'])")
    assert done.stdout == "[] 0\n" and done.stderr == ""


def test_number_of_threads():
    code = "import rvfit; rvfit.set_threads(1); rvfit.simulate(rvfit.demo_library(), 1); print(rvfit.info()['threads'])"
    assert run(code).stdout == "1\n"
    if len(os.sched_getaffinity(0)) > 1:
        late = run(code + "\nrvfit.set_threads(2)", check=False)
        assert "1 threads already" in late.stderr
