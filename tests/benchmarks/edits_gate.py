"""What the product's gate says of an adapter that learned from edits, in the benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from training.ml.edit_gate import GateAnswers, judge_edits
from training.ml.health import topic_shares
from uno_site.inference.protocol import ChatMessage, FloatArray

Ask = Callable[[Sequence[tuple[ChatMessage, ...]], str], list[str]]


def gate_figures(
    model: str,
    rows: Sequence[dict[str, Any]],
    others: Sequence[str],
    ask: Ask,
    embed: Callable[[Sequence[str]], FloatArray],
) -> dict[str, Any]:
    """The verdict on ``model``'s answers to held-out ``rows`` and to ``others`` of nobody's.

    ``ask`` answers conversations with a model; the empty name is the base's.
    """
    held_out = [question(row["messages"][-1]["content"]) for row in rows]
    strangers = [question(text) for text in others]
    own, base = ask([*held_out, *strangers], model), ask([*held_out, *strangers], "")
    n, m = len(held_out), len(strangers)
    vectors = embed([text or " " for text in (*own[n:], *base[n:], *others)])
    shares = topic_shares(vectors[:m], vectors[m : 2 * m], vectors[2 * m :])
    edits = [row["chosen"] for row in rows]
    verdict = judge_edits(GateAnswers(own[:n], base[:n], edits, own[n:], base[n:], shares))
    return {
        "is_accepted": verdict.is_accepted,
        "gate": verdict.reason,
        "gate_figures": verdict.figures.as_json(),
    }


def question(text: str) -> tuple[ChatMessage, ...]:
    """A conversation of one message."""
    return (ChatMessage("user", text),)
