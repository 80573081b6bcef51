"""The word-level edit cost; it lives with the chat, which measures it where people act."""

from __future__ import annotations

from chat.edit_cost import edit_cost, levenshtein, tokenize, wording_similarity

__all__ = ["edit_cost", "levenshtein", "tokenize", "wording_similarity"]
