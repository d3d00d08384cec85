# SPDX-License-Identifier: MIT
"""tools/meanwhile.sh: two commands side by side."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/meanwhile.sh"


def meanwhile(first, *command):
    run = subprocess.run([TOOL, first, *command], capture_output=True, text=True, check=False, timeout=60)
    return run.returncode, run.stdout


def test_both_run_at_the_same_time(tmp_path):
    wait = f"while [ ! -e {tmp_path}/second ]; do sleep 0.01; done; echo first"
    code, output = meanwhile(wait, "sh", "-c", f"echo second; touch {tmp_path}/second")
    assert (code, output) == (0, "second\nfirst\n")


@pytest.mark.parametrize("first, second, wanted", [(0, 0, 0), (3, 0, 3), (0, 4, 4), (3, 4, 4)])
def test_either_can_fail(first, second, wanted):
    assert meanwhile(f"exit {first}", "sh", "-c", f"exit {second}")[0] == wanted


def test_the_first_command_that_fails_ends_the_line():
    assert meanwhile("false; echo on", "true") == (1, "")


def test_what_ran_beside_a_failure_says_nothing():
    assert meanwhile("echo installed", "false") == (1, "")


@pytest.mark.parametrize("command", ["sleep 50", "trap '' INT; sleep 0.5"])
def test_ctrl_c_ends_both(tmp_path, command):
    beside = f"touch {tmp_path}/runs; sleep 2; touch {tmp_path}/goes_on"
    run = subprocess.Popen([TOOL, beside, "sh", "-c", command], start_new_session=True,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    while not (tmp_path / "runs").exists():
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=20) != 0
    time.sleep(3)
    assert not (tmp_path / "goes_on").exists()
