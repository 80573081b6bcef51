"""Which file format of a model serves fastest on this machine, and what it costs in quality.

llama.cpp reads a prompt up to five times faster from one quantisation than from another, and
which one is fastest depends on the processor. So every format is written once, made to read
and write for a moment, and asked for the perplexity of a fixed text. Of those about as fast as
the fastest, the one that speaks best is kept.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import llama_cpp
import numpy as np

from uno_site.errors import UnoError
from uno_site.files import read_json, write_json
from uno_site.inference.engine.backend import MAX_OUTPUT_ROWS, Row
from uno_site.inference.engine.generation import logprob_of
from uno_site.inference.engine.llama import Context, Model

logger = logging.getLogger(__name__)

FORMATS = {
    "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "f16": llama_cpp.LLAMA_FTYPE_MOSTLY_F16,
}
SOURCE = "original"
"""The file as it came, a candidate like the others."""

TEXT = Path(__file__).with_name("perplexity.txt")
N_READ, N_WRITTEN, N_STREAMS = 256, 24, 4
N_ROUNDS = 2
TURN_READ, TURN_WRITTEN = 256, 96
"""Tokens of the turn whose time decides: a prompt, and a reply while three others are written."""

MAX_QUALITY_LOSS = 0.25
"""A format whose perplexity is further above the source's is broken, however fast it is."""

ABOUT_AS_FAST = 0.15
"""Formats whose turn takes at most this share longer than the fastest one's count as fast as it:
what one minute measures differs by some per cent from the next."""

SPEAKS_ALIKE = 0.01
"""Formats whose perplexity is at most this share above the least speak alike."""


class FormatFailed(UnoError):
    """A model file could not be written in another format."""

    code = "model_format_failed"
    status = 503


@dataclass(frozen=True, slots=True)
class Measured:
    """One format on this machine. Rates are tokens a CPU second, of all streams together."""

    name: str
    read_rate: float
    write_rate: float
    perplexity: float
    n_bytes: int

    @property
    def turn_seconds(self) -> float:
        """CPU seconds of a turn; see ``TURN_READ``."""
        return TURN_READ / self.read_rate + TURN_WRITTEN * N_STREAMS / self.write_rate


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen format and its file, and all that were measured on this machine."""

    name: str
    path: Path
    measured: tuple[Measured, ...]

    def summary(self) -> str:
        """One line for people."""
        by_name = {one.name: one for one in self.measured}
        chosen, source = by_name[self.name], by_name[SOURCE]
        faster = source.turn_seconds / chosen.turn_seconds
        return (
            f"{chosen.name}: {faster:.1f} x as fast as the original; "
            f"perplexity {chosen.perplexity:.1f} against {source.perplexity:.1f}"
        )


def choose_format(source: Path, stem: Path, wanted: str = "") -> Choice:
    """Write ``source`` in the format that serves fastest here; ``stem-FORMAT.gguf`` is the file.

    What was measured is kept as ``stem.formats.json`` and taken again on the same machine. Where
    the source itself is chosen, no file is written.

    Parameters
    ----------
    wanted
        A format, or :data:`SOURCE`, that is taken whatever its speed.

    Raises
    ------
    FormatFailed
        llama.cpp cannot write the formats.
    """
    record = stem.with_name(f"{stem.name}.formats.json")
    measured = _read_record(record)
    if not measured:
        stem.parent.mkdir(parents=True, exist_ok=True)
        measured = _measure_all(source, stem)
        _write_record(record, measured)
    name = wanted or choose(measured)
    path = source if name == SOURCE else stem.with_name(f"{stem.name}-{name}.gguf")
    if not path.exists():
        write_format(source, path, name)
    return Choice(name, path, measured)


def _measure_all(source: Path, stem: Path) -> tuple[Measured, ...]:
    logger.info(
        "measuring which format of %s is fastest here (once, about a minute)",
        source.name,
    )
    measured = [measure(SOURCE, source)]
    for name in FORMATS:
        path = stem.with_name(f".{stem.name}.{name}.{os.getpid()}")
        try:
            write_format(source, path, name)
            measured.append(measure(name, path))
        finally:
            path.unlink(missing_ok=True)
    return tuple(measured)


def choose(measured: Sequence[Measured]) -> str:
    """The name of the unbroken one that speaks best of those about as fast as the fastest.

    Of those that speak alike the smallest file is taken.
    """
    (source,) = (one for one in measured if one.name == SOURCE)
    limit = source.perplexity * (1 + MAX_QUALITY_LOSS)
    fit = [one for one in measured if one.perplexity <= limit]
    fastest = min(one.turn_seconds for one in fit)
    as_fast = [one for one in fit if one.turn_seconds <= fastest * (1 + ABOUT_AS_FAST)]
    best = min(one.perplexity for one in as_fast)
    alike = [one for one in as_fast if one.perplexity <= best * (1 + SPEAKS_ALIKE)]
    return min(alike, key=lambda one: (one.n_bytes, one.turn_seconds)).name


def measure(name: str, path: Path) -> Measured:
    """Read, write and score with the model in ``path`` for a moment.

    On one thread, and in the processor's time: what else the machine does must not decide.
    """
    model = Model(path)
    tokens = model.tokenize(TEXT.read_text(), parse_special=False, add_bos=model.adds_bos)
    n_context = -(-max(len(tokens), N_READ + N_WRITTEN) // 256) * 256
    context = Context(model, n_slots=N_STREAMS, n_context=n_context, n_threads=1)
    try:
        perplexity = _perplexity(context, tokens)  # first: what comes first finds cold pages
        read = min(_read(context, tokens) for _ in range(N_ROUNDS))
        write = min(_write(context, tokens) for _ in range(N_ROUNDS))
        return Measured(
            name=name,
            read_rate=N_READ / read,
            write_rate=N_WRITTEN * N_STREAMS / write,
            perplexity=perplexity,
            n_bytes=path.stat().st_size,
        )
    finally:
        context.close()
        model.close()


def _read(context: Context, tokens: list[int]) -> float:
    """Seconds to read a prompt into the first slot."""
    context.clear(0)
    started = time.process_time()
    context.decode([Row(t, i, 0, i == N_READ - 1) for i, t in enumerate(tokens[:N_READ])])
    context.logits(N_READ - 1)
    return time.process_time() - started


def _write(context: Context, tokens: list[int]) -> float:
    """Seconds in which every slot moves on by ``N_WRITTEN`` tokens, one a step."""
    for slot in range(N_STREAMS):
        context.clear(slot)
    started = time.process_time()
    for step in range(N_WRITTEN):
        context.decode([Row(tokens[step], step, slot, True) for slot in range(N_STREAMS)])
        context.logits(0)
    return time.process_time() - started


def _perplexity(context: Context, tokens: list[int]) -> float:
    """exp of the mean negative log-likelihood per token."""
    context.clear(0)
    total = 0.0
    for start in range(0, len(tokens) - 1, MAX_OUTPUT_ROWS):
        rows = tokens[start : min(start + MAX_OUTPUT_ROWS, len(tokens) - 1)]
        context.decode([Row(t, start + i, 0, True) for i, t in enumerate(rows)])
        for i in range(len(rows)):
            total -= logprob_of(context.logits(i), tokens[start + i + 1], 0).logprob
    return float(np.exp(total / (len(tokens) - 1)))


def write_format(source: Path, target: Path, name: str) -> None:
    """Write ``source`` in one of :data:`FORMATS` to ``target``: a temporary file, then a rename.

    Raises
    ------
    FormatFailed
        llama.cpp cannot write it.
    """
    path = target.with_name(f".{target.name}.part{os.getpid()}")
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = FORMATS[name]
    params.allow_requantize = True
    try:
        code = llama_cpp.llama_model_quantize(
            str(source).encode(), str(path).encode(), ctypes.byref(params)
        )
        if code != 0 or not path.exists():
            raise FormatFailed(
                f"{source} could not be written as {name} beside {target} (code {code}).",
                remedy="Is the disk full or UNO_DATA_DIR not writable?",
            )
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)


def _machine() -> str:
    return f"{platform.machine()} {_processor()}"


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


def _read_record(record: Path) -> tuple[Measured, ...]:
    try:
        kept = read_json(record)
        if kept is None or kept["machine"] != _machine():
            return ()
        return tuple(Measured(**row) for row in kept["measured"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _write_record(record: Path, measured: Sequence[Measured]) -> None:
    kept = {"machine": _machine(), "measured": [asdict(one) for one in measured]}
    write_json(record, kept)
