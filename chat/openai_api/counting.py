"""What a completion is counted for: a message when it begins, its tokens however it ends."""

from __future__ import annotations

from collections.abc import Sequence

from chat.provenance import Provenance
from chat.services.generations import tokens_about
from uno_site.accounts.api_keys import usage_add
from uno_site.accounts.models import ApiKey
from uno_site.accounts.quotas import (
    quota_add_tokens,
    quota_count_message,
    quota_return_message,
)
from uno_site.inference.protocol import ChatMessage


class Tally:
    """Counts one completion. ``texts`` are the parts of the reply that went out so far."""

    def __init__(self, key: ApiKey, turns: Sequence[ChatMessage]) -> None:
        self.key = key
        self.turns = turns
        self.texts: list[str] = []
        self._is_settled = False

    @property
    def text(self) -> str:
        """The reply so far."""
        return "".join(self.texts)

    def begin(self) -> None:
        """Count the message.

        Raises
        ------
        QuotaExceeded
            What the key's person may ask for today is used up.
        """
        quota_count_message(self.key.user)

    def settle(self, provenance: Provenance | None = None, *, has_failed: bool = False) -> None:
        """Count the tokens, once; a failure before any text gives the message back instead.

        The engine's own numbers are in ``provenance``. Without it (the client hung up, the
        engine broke off) the tokens are estimated from the texts.
        """
        if self._is_settled:
            return
        self._is_settled = True
        if has_failed and not self.text:
            quota_return_message(self.key.user_id)
            return
        n_read, n_written = self._tokens(provenance)
        usage_add(self.key, prompt_tokens=n_read, completion_tokens=n_written)
        quota_add_tokens(self.key.user_id, n_read + n_written)

    def _tokens(self, provenance: Provenance | None) -> tuple[int, int]:
        """Tokens read and written."""
        if provenance is not None:
            return provenance.prompt_tokens, provenance.completion_tokens
        return sum(tokens_about(turn.content) for turn in self.turns), tokens_about(self.text)
