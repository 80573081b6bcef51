"""Errors of the evaluation sets."""

from __future__ import annotations

from uno_site.errors import InvalidInput


class SetUnreadable(InvalidInput):
    """A set's file is missing, damaged, or not of the shape that the set reads."""

    code = "evaluation_set_unreadable"
