"""Code that a model wrote runs where it can do no harm, and passes only if its tests ran."""

import os
import time

import psutil
import pytest

from training.evaluation.sets import sandbox
from training.evaluation.sets.sandbox import SandboxLimits, isolation, run_tests

LIMITS = SandboxLimits(cpu_s=1, wall_s=20.0, memory_mib=256)
GOOD = "def add(a, b):\n    return a + b"


def run(program, tests="pass"):
    return run_tests([program], tests, LIMITS)


def test_code_that_holds_its_tests_has_passed():
    assert run(GOOD, "assert add(1, 2) == 3").has_passed


def test_code_that_breaks_a_test_says_which():
    outcome = run(GOOD, "assert add(1, 2) == 4, 'sum'")
    assert (outcome.ending, outcome.detail) == ("failed", "AssertionError: sum")


def test_the_first_program_that_compiles_is_run():
    assert run_tests(["def add(:", GOOD], "assert add(1, 2) == 3", LIMITS).has_passed


def test_code_that_never_compiles_fails():
    assert run("def add(:").detail.startswith("SyntaxError")


@pytest.mark.parametrize(
    "program",
    ["import os\nos._exit(0)", "import sys\nsys.exit(0)", "raise SystemExit", "print('passed ')"],
)
def test_leaving_early_is_not_passing(program):
    assert not run(program, "assert False").has_passed


def test_an_endless_loop_ends_with_its_processor_time():
    started = time.monotonic()
    assert run("while True: pass").ending in ("killed", "timed_out")
    assert time.monotonic() - started < LIMITS.wall_s


def test_waiting_for_ever_ends_with_the_wall_clock():
    outcome = run_tests(["import time\ntime.sleep(60)"], "", SandboxLimits(wall_s=0.5))
    assert outcome.ending == "timed_out"


def test_memory_is_bounded():
    outcome = run("hoard = []\nwhile True: hoard.append(bytearray(10**7))")
    assert outcome.ending in ("failed", "killed")
    assert "MemoryError" in outcome.detail or outcome.ending == "killed"


@pytest.mark.parametrize(
    "program",
    [
        "import os\nos.fork()",
        "import os\nos.system('true')",
        "import os\nos.execv('/bin/true', ['true'])",
        "import os\nos.posix_spawn('/bin/true', ['true'], {})",
        "import os\nos.kill(os.getppid(), 9)",
        "import subprocess",
        "import _posixsubprocess",
        "import multiprocessing",
        "import ctypes",
        "import socket",
        "import asyncio",
        "import resource",
    ],
)
def test_no_processes_no_network_no_foreign_functions(program):
    outcome = run(program)
    assert outcome.ending == "failed"
    assert "sandbox" in outcome.detail


def test_nothing_is_written_outside_its_folder(tmp_path):
    target = tmp_path / "escaped"
    for program in (
        f"open({str(target)!r}, 'w')",
        f"import os\nos.open({str(target)!r}, os.O_CREAT | os.O_WRONLY)",
        f"open('../../../../../../../..' + {str(target)!r}, 'w')",
        f"import os\nos.symlink({str(tmp_path)!r}, 'link')\nopen('link/escaped', 'w')",
        f"import os\nos.mkdir({str(target)!r})",
    ):
        assert run(program).ending == "failed"
    assert not target.exists()


def test_nothing_outside_the_standard_library_is_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("42")
    for path in (secret, "/etc/passwd", "/proc/self/environ", "/proc/1/environ"):
        assert "does not open" in run(f"open({str(path)!r}).read()").detail


def test_its_own_folder_may_be_used_and_is_gone_afterwards():
    assert run("open('x', 'w').write('1')\nassert open('x').read() == '1'").has_passed
    assert run("import os\nassert os.listdir() == os.listdir('.') == []").has_passed
    assert "os.listdir" in run("import os\nos.listdir('/')").detail


def test_written_files_are_bounded():
    assert "File too large" in run("open('x', 'w').write('x' * 10**6)").detail


def test_the_environment_is_empty(monkeypatch):
    monkeypatch.setenv("UNO_SECRET_KEY", "hunter2")
    # The interpreter itself sets LC_CTYPE.
    assert run("import os\nassert set(os.environ) <= {'LC_CTYPE'}, os.environ").has_passed


def test_output_is_dropped_and_an_error_is_cut():
    assert run("print('x' * 10**6)").has_passed
    assert len(run("raise ValueError('x' * 10**6)").detail) < 500


def test_no_more_than_the_standard_library_can_be_imported():
    assert "No module named 'numpy'" in run("import numpy").detail


def test_approx_is_there_without_pytest():
    program = "from pytest import approx"
    assert run(program, "assert .1 + .2 == approx(.3)\nassert [1.0] == approx([1])").has_passed
    assert not run(program, "assert .3001 == approx(.3)").has_passed


@pytest.mark.skipif(not isolation(), reason="this kernel gives users no namespaces")
def test_the_network_is_gone_even_without_the_hook(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text(
        "import os, sys\n"
        "names = os.listdir('/sys/class/net') if os.path.isdir('/sys/class/net') else []\n"
        "import socket\n"
        "try:\n    socket.create_connection(('1.1.1.1', 53), timeout=1)\n"
        "except OSError as error:\n    os.write(1, b'failed ' + str(error).encode())\n"
    )
    monkeypatch.setattr(sandbox, "CHILD", child)
    assert "unreachable" in run("").detail


def test_no_namespaces_the_other_fences_hold(monkeypatch):
    monkeypatch.setattr(sandbox, "isolation", lambda: ())
    assert run(GOOD, "assert add(1, 2) == 3").has_passed
    assert "sandbox" in run("import os\nos.fork()").detail
    assert run("while True: pass").ending in ("killed", "timed_out")


def test_nobody_is_left_behind():
    run_tests(["import time\ntime.sleep(60)"], "", SandboxLimits(wall_s=0.3))
    folders = [str(command.cwd()) for command in psutil.process_iter() if is_child(command)]
    assert folders == []


def is_child(process):
    """A sandbox of this test run: others may be at work beside it."""
    try:
        return any("sandbox_child.py" in part for part in process.cmdline()) and (
            os.getpid() in [parent.pid for parent in process.parents()]
        )
    except psutil.Error:
        return False
