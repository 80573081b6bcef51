"""Log-probabilities of a reply's tokens, as OpenAI and vLLM shape them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uno_site.inference.protocol import TokenLogprob


def parse_logprobs(choice: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    """The log-probabilities that came with a choice; none where none were asked for."""
    entries = (choice.get("logprobs") or {}).get("content") or ()
    return tuple(_token_logprob(entry) for entry in entries)


def _token_logprob(entry: Mapping[str, Any]) -> TokenLogprob:
    return TokenLogprob(
        token=str(entry["token"]),
        logprob=float(entry["logprob"]),
        bytes=tuple(entry.get("bytes") or ()),
        top=tuple(_token_logprob(other) for other in entry.get("top_logprobs") or ()),
    )
