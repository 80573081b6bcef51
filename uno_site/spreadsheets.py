"""Text in CSV files that people open in a spreadsheet."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet computes a cell that begins so: https://owasp.org/www-community/attacks/CSV_Injection"""


def to_cell(text: str) -> str:
    """``text``, behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if _looks_like_formula(text) else text


def from_cell(cell: str) -> str:
    """The text that :func:`to_cell` wrote as ``cell``."""
    return cell[1:] if cell.startswith("'") and _looks_like_formula(cell) else cell


def _looks_like_formula(text: str) -> bool:
    return text.lstrip("'").startswith(FORMULA_STARTS)
