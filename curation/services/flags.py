"""Flags: the checks that something failed, by key. What is flagged is kept, and shown."""

from __future__ import annotations

from typing import Any

CHANGED_AFTER_REVIEW = "changed_after_review"
UNGROUNDED = "not_grounded"
DEGENERATE = "degenerate"
CONTRADICTION = "contradiction"
NOT_JUDGED = "not_judged"
INVALID_OUTPUT = "invalid_output"
NO_FEEDBACK_TEXT = "no_feedback_text"
NOTHING_ACTIONABLE = "nothing_actionable"
SATISFIED = "satisfied"
NOTHING_CHANGED = "nothing_changed"

FLAG_LABELS = {
    CHANGED_AFTER_REVIEW: "The feedback changed after a curator had reviewed it",
    UNGROUNDED: "Says something that the feedback does not say",
    DEGENERATE: "Repeats itself or says nothing",
    CONTRADICTION: "Contradicts another rule",
    NOT_JUDGED: "No judge that may be trusted has scored the candidates",
    INVALID_OUTPUT: "The model's output did not follow the schema",
    NO_FEEDBACK_TEXT: "There is a thumb, but no word of what to do differently",
    NOTHING_ACTIONABLE: "The feedback asks for nothing about this reply",
    NOTHING_CHANGED: "The better answer differs from the reply in white space only",
    "much_shorter": "The better answer is less than a tenth as long",
    "much_longer": "The better answer is more than five times as long",
    "repetitive": "The better answer repeats itself",
    "not_above_reply": "The judge did not score it above the reply itself",
    SATISFIED: "The user was satisfied and suggested nothing",
}


def flag_add(row: Any, flag: str) -> bool:
    """Add ``flag`` to ``row.flags`` in memory; whether it was new."""
    if flag in row.flags:
        return False
    row.flags = [*row.flags, flag]
    return True


def flag_label(flag: str) -> str:
    """The flag in words."""
    return FLAG_LABELS.get(flag, flag.replace("_", " ").capitalize())
