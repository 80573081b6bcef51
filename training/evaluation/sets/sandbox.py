"""Running code that a model wrote: no network, no environment, little time and little memory.

Three fences, each of which holds something by itself:

1. *Namespaces* (util-linux's ``unshare``, where the kernel lets users have them): no network, no
   other processes to see, the whole tree killed at the end.
2. *Limits* of the process: CPU seconds, address space, size of written files, number of
   processes, an empty temporary working directory, an empty environment, ``python -I -S``, a
   hard time-out for the process group.
3. An *audit hook* inside the interpreter: no files but its own folder and the standard library,
   no processes, no sockets, no foreign functions.

The hook also holds where there are no namespaces; :func:`isolation` says what there is. This
keeps a model's mistakes and plain mischief in; it is no boundary against somebody who attacks
the interpreter itself, so score only answers of models that you run yourself, as a user who owns
nothing of worth.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

CHILD = Path(__file__).with_name("sandbox_child.py")
ISOLATIONS = (
    ("--user", "--map-root-user", "--net", "--ipc", "--pid", "--fork", "--kill-child",
     "--mount-proc"),
    ("--user", "--map-root-user", "--net"),
)  # fmt: skip
"""Options of ``unshare``, the strictest first; the first that works here is used."""

Ending = Literal["passed", "failed", "timed_out", "killed"]


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """``cpu_s`` of one process, ``wall_s`` of everything; ``memory_mib`` is address space."""

    cpu_s: int = 5
    wall_s: float = 10.0
    memory_mib: int = 512
    file_kib: int = 64
    n_processes: int = 0
    n_files: int = 32

    def as_rlimits(self) -> dict[str, int]:
        """By the names of the ``resource`` module."""
        return {
            "RLIMIT_CPU": self.cpu_s,
            "RLIMIT_AS": self.memory_mib * 2**20,
            "RLIMIT_FSIZE": self.file_kib * 2**10,
            "RLIMIT_NPROC": self.n_processes,
            "RLIMIT_NOFILE": self.n_files,
            "RLIMIT_CORE": 0,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. ``detail`` is the error's first 400 characters, or empty.

    ``killed``: out of CPU time, or gone before the tests had ended. ``timed_out``: not done
    within the wall-clock time.
    """

    ending: Ending
    detail: str = ""

    @property
    def has_passed(self) -> bool:
        """Whether the tests ran to their end without an error."""
        return self.ending == "passed"


def run_tests(programs: Sequence[str], tests: str, limits: SandboxLimits | None = None) -> Outcome:
    """Run the first of ``programs`` that compiles, then ``tests`` in the same name space.

    Passed only if the tests ran to their end: an answer that leaves the interpreter early has
    not passed, whatever its exit status.
    """
    limits = limits or SandboxLimits()
    token = secrets.token_hex(16)
    job = {
        "programs": list(programs),
        "tests": tests,
        "token": token,
        "limits": limits.as_rlimits(),
    }
    with tempfile.TemporaryDirectory(prefix="uno-sandbox-") as folder:
        return _run(json.dumps(job), token, folder, limits)


@lru_cache(maxsize=1)
def isolation() -> tuple[str, ...]:
    """The ``unshare`` command that works on this machine; empty where none does."""
    unshare = shutil.which("unshare")
    for options in ISOLATIONS if unshare else ():
        command = (str(unshare), *options)
        tried = subprocess.run((*command, "true"), capture_output=True, check=False)
        if tried.returncode == 0:
            return command
    return ()


def _run(job: str, token: str, folder: str, limits: SandboxLimits) -> Outcome:
    command = (*isolation(), sys.executable, "-I", "-S", "-B", str(CHILD))
    # A file that its writer may not grow past the limit, instead of a pipe that we would have
    # to keep reading: output is bounded by the kernel.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        try:
            process.communicate(job.encode(), timeout=limits.wall_s)
        except subprocess.TimeoutExpired:
            return Outcome("timed_out", f"after {limits.wall_s:g} s")
        finally:
            _kill_group(process)
        output.seek(0)
        return _outcome(output.read(2**12), token, process.returncode)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the answer, its children included."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _outcome(output: bytes, token: str, status: int | None) -> Outcome:
    ending, _, detail = output.decode(errors="replace").partition(" ")
    if ending == "passed" and detail == token:
        return Outcome("passed")
    if ending == "failed":
        return Outcome("failed", detail)
    return Outcome("killed", f"ended with status {status} before its tests did")
