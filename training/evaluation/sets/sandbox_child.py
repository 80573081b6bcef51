"""Runs inside the sandbox: reads one job from standard input, runs it, and says how it ended.

Started by ``sandbox.py`` as ``python -I -S -B sandbox_child.py`` in an empty folder, without an
environment. It imports nothing but the standard library, of which it takes the dangerous parts
away before it runs a line of the answer.
"""

from __future__ import annotations

import builtins
import io
import json
import math
import os
import resource
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

FORBIDDEN_MODULES = frozenset(
    {
        "_ctypes", "_multiprocessing", "_posixshmem", "_posixsubprocess", "_socket", "asyncio",
        "ctypes", "fcntl", "http", "mmap", "multiprocessing", "pty", "resource", "signal",
        "socket", "socketserver", "ssl", "subprocess", "urllib.request",
    }
)  # fmt: skip
FORBIDDEN_EVENTS = (
    "os.", "socket.", "subprocess.", "ctypes.", "shutil.", "pty.", "fcntl.", "mmap.", "gc.",
    "resource.", "syslog.", "sys.settrace", "sys.setprofile", "sys.addaudithook",
)  # fmt: skip
LISTING_EVENTS = frozenset({"os.listdir", "os.scandir"})
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STANDARD_STREAMS = 2


class Approx:
    """What ``pytest.approx`` does, so that tests which import it need no pytest."""

    def __init__(self, expected: Any, rel: float = 1e-6, abs: float = 1e-12) -> None:  # noqa: A002
        self.expected, self.rel, self.abs = expected, rel, abs

    def __eq__(self, actual: object) -> bool:
        return self._same(actual, self.expected)

    def _same(self, actual: Any, expected: Any) -> bool:
        if isinstance(expected, dict):
            return actual.keys() == expected.keys() and all(
                self._same(actual[key], value) for key, value in expected.items()
            )
        if isinstance(expected, (list, tuple)):
            return len(actual) == len(expected) and all(map(self._same, actual, expected))
        if isinstance(expected, (int, float)):
            return math.isclose(actual, expected, rel_tol=self.rel, abs_tol=self.abs)
        return bool(actual == expected)


def set_limits(limits: Mapping[str, int]) -> None:
    """Soft and hard, so that the answer cannot raise them again."""
    for name, value in limits.items():
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))


def make_guard(folder: str, library: str) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that refuses files elsewhere, processes, sockets and the interpreter's own."""
    realpath, fsdecode = os.path.realpath, os.fsdecode

    def inside(path: Any, roots: Iterable[str]) -> bool:
        real = realpath(fsdecode(path))
        return any(real == root or real.startswith(root + os.sep) for root in roots)

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int):
                if 0 <= path <= STANDARD_STREAMS:
                    return
            elif inside(path, (folder,) if flags & WRITING else (folder, library)):
                return
            raise PermissionError(f"the sandbox does not open {path!r}")
        if event == "import" and arguments[0] in FORBIDDEN_MODULES:
            raise ImportError(f"the sandbox has no {arguments[0]}")
        if event in LISTING_EVENTS and inside(arguments[0] or ".", (folder, library)):
            return
        if event.startswith(FORBIDDEN_EVENTS):
            raise PermissionError(f"the sandbox does not allow {event}")

    return guard


def first_that_compiles(programs: Iterable[str]) -> types.CodeType:
    """The first program without a syntax error; else the first one's error."""
    problem: Exception | None = None
    for program in programs:
        try:
            return compile(program, "answer", "exec")
        except (SyntaxError, ValueError) as error:
            problem = problem or error
    raise problem or SyntaxError("no code")


def run(job: Mapping[str, Any]) -> None:
    """Run the answer, then its tests, in one name space."""
    names: dict[str, Any] = {"__name__": "answer"}
    exec(first_that_compiles(job["programs"]), names)  # noqa: S102
    exec(compile(job["tests"], "tests", "exec"), names)  # noqa: S102


def main() -> None:
    """Read the job, raise the fences, run it, write the verdict."""
    job = json.loads(sys.stdin.buffer.read())
    # What the verdict needs is kept here before the answer can reach anything.
    out, write, token = os.dup(1), os.write, job.pop("token").encode()
    pytest = types.ModuleType("pytest")
    vars(pytest)["approx"] = Approx
    sys.modules["pytest"] = pytest
    sys.stdout = sys.stderr = io.StringIO()
    folder, library = str(Path.cwd().resolve()), str(Path(os.__file__).resolve().parent)
    set_limits(job["limits"])
    for name in FORBIDDEN_MODULES & set(sys.modules):
        del sys.modules[name]
    del builtins.input
    sys.addaudithook(make_guard(folder, library))
    try:
        run(job)
    except BaseException as error:  # SystemExit is a failure too
        write(out, f"failed {type(error).__name__}: {str(error)[:400]}".encode(errors="replace"))
    else:
        write(out, b"passed " + token)


main()
