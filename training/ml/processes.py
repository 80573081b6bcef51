"""One training in several processes, a GPU each: the same sums, shared out (accelerate).

A step's loss is a sum over micro-batches. Every process takes its share of them, and gradients and
metrics are added over all, so a run means the same however many processes do it. The first
process is the one that is supervised: it starts the others, alone writes files, and alone is
told to stop; the others end with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast, gather_object, reduce
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from uno_site.files import write_json
from uno_site.ports import free_port

from .errors import HelperLost, Stopped
from .model import best_device

T = TypeVar("T")

#: Between two exchanges; a helper that died is noticed at once (:func:`_watch`).
EXCHANGE_TIMEOUT = timedelta(hours=12)
WATCH_SECONDS = 1.0
EXIT_HELPER_LOST = 1
_MEETING = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among those that train together: ``index`` of ``count``, on ``device``."""

    device: torch.device
    index: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes files and is told to stop."""
        return self.index == 0

    def share(self, parts: Sequence[T]) -> Sequence[T]:
        """This process's part of the work; together they are all of it."""
        return parts[self.index :: self.count]

    def gather(self, values: list[T]) -> list[T]:
        """Everybody's values, those of the first process first."""
        return list(gather_object(values)) if self.count > 1 else values

    def add_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Replace each gradient by the sum over all processes; one without work adds nothing."""
        if self.count == 1:
            return
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        vector_to_parameters(reduce(parameters_to_vector(grads), reduction="sum"), grads)
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter.grad = grad

    def start_alike(self, parameters: Sequence[Tensor]) -> None:
        """Give every process the first one's weights."""
        if self.count == 1:
            return
        weights = broadcast(list(map(torch.Tensor.detach, parameters)))
        with torch.no_grad():
            for parameter, weight in zip(parameters, weights, strict=True):
                parameter.copy_(weight)

    def agree(self, is_asked: bool) -> bool:
        """Whether anybody was asked; everybody gets the same answer at the same point."""
        return any(self.gather([is_asked]))

    def wait(self) -> None:
        """Go on when all are here."""
        if self.count > 1:
            PartialState().wait_for_everyone()


@dataclass(frozen=True, slots=True)
class Stopper:
    """When to stop: alone between any two micro-batches, together only where all can agree."""

    check: Callable[[], None]
    processes: Processes

    def within_a_step(self) -> None:
        """Raises :class:`Stopped` if this process works alone and was asked to stop."""
        if self.processes.count == 1:
            self.check()

    def between_steps(self) -> None:
        """Raises :class:`Stopped` in every process if one of them was asked to stop."""
        is_asked = False
        try:
            self.check()
        except Stopped:
            is_asked = True
        if self.processes.agree(is_asked):
            raise Stopped


def alone() -> Processes:
    """The usual case."""
    return Processes(best_device())


def join(index: int, count: int, port: int, parent_pid: int = 0) -> Processes:
    """Become process ``index`` of ``count``, which meet at ``port`` of this machine.

    With ``parent_pid`` this process ends as soon as that one is gone, whatever it waits for.
    """
    if parent_pid:
        threading.Thread(target=_end_with, args=(parent_pid,), daemon=True).start()
    places = (index, index, count, count, "127.0.0.1", port)
    os.environ |= dict(zip(_MEETING, map(str, places), strict=True))
    state = PartialState(cpu=not torch.cuda.is_available(), timeout=EXCHANGE_TIMEOUT)
    return Processes(state.device, index, count)


def _leave() -> None:
    """Undo :func:`join`, so that this process may train again."""
    PartialState().destroy_process_group()
    PartialState._reset_state()
    for name in _MEETING:
        os.environ.pop(name, None)


@contextmanager
def started_helpers(folder: Path, count: int, threads: int) -> Iterator[Processes]:
    """Start the other processes of a training of ``folder``; they end with the block.

    Raises
    ------
    HelperLost
        In ``error.json``: one of the others ended while the training went on. The process that
        waits for it cannot be woken, so it ends at once with :data:`EXIT_HELPER_LOST`.
    """
    if count == 1:
        yield alone()
        return
    port = free_port()
    helpers = [_start(folder, index, count, port, threads) for index in range(1, count)]
    is_over = threading.Event()
    threading.Thread(target=_watch, args=(folder, helpers, is_over), daemon=True).start()
    try:
        yield join(0, count, port)
    finally:
        is_over.set()
        _leave()
        for helper in helpers:
            helper.terminate()
        for helper in helpers:
            helper.wait()


def _start(folder: Path, index: int, count: int, port: int, threads: int) -> subprocess.Popen[Any]:
    command = [sys.executable, "-m", "training.ml.train", str(folder)]
    options = {"processes": count, "index": index, "port": port, "threads": threads}
    options["parent-pid"] = os.getpid()
    command += [part for key, value in options.items() for part in (f"--{key}", str(value))]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def _watch(
    folder: Path, helpers: Sequence[subprocess.Popen[Any]], is_over: threading.Event
) -> None:
    while not is_over.wait(WATCH_SECONDS):
        for index, helper in enumerate(helpers, start=1):
            code = helper.poll()
            if code is not None and not is_over.wait(WATCH_SECONDS) and code != 0:
                error = HelperLost(
                    f"Training process {index} of {len(helpers)} helpers ended with status {code}.",
                    remedy="The trainer's log says why; what was saved is taken up again.",
                )
                write_json(folder / "error.json", {"type": error.code, "message": str(error)})
                for other in helpers:
                    other.kill()
                os._exit(EXIT_HELPER_LOST)


def _end_with(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(WATCH_SECONDS)
    os._exit(EXIT_HELPER_LOST)
