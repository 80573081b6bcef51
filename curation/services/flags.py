"""Flags: the checks that something failed, by key. What is flagged is kept, and shown."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

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
    CHANGED_AFTER_REVIEW: _("The feedback changed after a curator had reviewed it"),
    UNGROUNDED: _("Says something that the feedback does not say"),
    DEGENERATE: _("Repeats itself or says nothing"),
    CONTRADICTION: _("Contradicts another rule"),
    NOT_JUDGED: _("No judge that may be trusted has scored the candidates"),
    INVALID_OUTPUT: _("The model's output did not follow the schema"),
    NO_FEEDBACK_TEXT: _("There is a thumb, but no word of what to do differently"),
    NOTHING_ACTIONABLE: _("The feedback asks for nothing about this reply"),
    NOTHING_CHANGED: _("The better answer differs from the reply in white space only"),
    "much_shorter": _("The better answer is less than a tenth as long"),
    "much_longer": _("The better answer is more than five times as long"),
    "repetitive": _("The better answer repeats itself"),
    "not_above_reply": _("The judge did not score it above the reply itself"),
    SATISFIED: _("The user was satisfied and suggested nothing"),
}


def flag_add(row: Any, flag: str) -> bool:
    """Add ``flag`` to ``row.flags`` in memory; whether it was new."""
    if flag in row.flags:
        return False
    row.flags = [*row.flags, flag]
    return True


def flag_label(flag: str) -> str:
    """The flag in words."""
    return str(FLAG_LABELS.get(flag, flag.replace("_", " ").capitalize()))
