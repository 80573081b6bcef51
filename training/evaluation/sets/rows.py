"""What the sets made from real feedback share: reading rows, splitting them, showing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.protocol import Dialogue
from uno_site.interchange import ImportedLog, read_logs
from uno_site.interchange.records import RowError

ANNOTATORS = "annotators"
"""The sources do not say who wrote what, so that all rows are one user's."""


def read_feedback(path: Path) -> list[ImportedLog]:
    """Every row of a file in the ``seed`` shape.

    Raises
    ------
    SetUnreadable
        A row cannot be read: an evaluation over part of a file would not say so.
    LogFileUnreadable
        The file as a whole cannot be read.
    """
    rows = list(read_logs(path, "seed"))
    if bad := [row for row in rows if isinstance(row, RowError)]:
        raise SetUnreadable(
            f"{path} has {len(bad)} unreadable rows; the first is {bad[0]}.",
            remedy="Restore the file from its source.",
        )
    return [row for row in rows if isinstance(row, ImportedLog)]


def prompt_of(log: ImportedLog) -> str:
    """All that was said before the reply, as one text: rows of one prompt stay together."""
    return "\n".join(f"{message.role}: {message.content}" for message in log.messages)


def split_prompts(
    logs: Sequence[ImportedLog], n_held_out: int, seed: int
) -> tuple[list[ImportedLog], list[ImportedLog]]:
    """Rows to learn from and rows held out, which share no prompt.

    Whole prompts are drawn until ``n_held_out`` are held out, each with its first row only.

    Raises
    ------
    SetUnreadable
        There are not more prompts than are to be held out.
    """
    by_prompt: dict[str, list[ImportedLog]] = {}
    for log in logs:
        by_prompt.setdefault(prompt_of(log), []).append(log)
    if len(by_prompt) <= n_held_out:
        raise SetUnreadable(
            f"{n_held_out} of {len(by_prompt)} prompts cannot be held out.",
            remedy="Give the whole file, or hold out fewer.",
        )
    prompts = list(by_prompt)
    order = np.random.default_rng(seed).permutation(len(prompts))
    held_out = [prompts[index] for index in order[:n_held_out]]
    learned = [prompts[index] for index in sorted(order[n_held_out:])]
    return _flatten(by_prompt[prompt] for prompt in learned), [by_prompt[p][0] for p in held_out]


def dialogue_of(log: ImportedLog) -> Dialogue:
    """A row as a logged conversation. Its label is the source's guess and so its ``truth``."""
    return Dialogue(
        id=log.external_id,
        user=ANNOTATORS,
        messages=log.messages,
        reply=log.response,
        follow_ups=tuple(signal.text for signal in log.feedback if signal.kind != "thumb"),
        correction=log.correction,
        truth=log.label or "",
    )


def _flatten(groups: Iterable[list[ImportedLog]]) -> list[ImportedLog]:
    return [log for group in groups for log in group]
