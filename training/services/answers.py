"""The answers that verification compares: generated in batches, kept as they come.

Each policy (the base, a checkpoint, a checkpoint's critic) has one file in the run folder,
``answers/<policy>.json``: ``{row id: [greedy, sample, sample]}``. A verification that was cut
off finds what it had; the rows of somebody who withdraws are taken out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chat.critic import critic_messages, critic_sampling, revise_messages
from chat.services.messages import REPLY_SAMPLING
from uno_site.inference.protocol import ChatMessage, ChatRequest, InferenceClient, Sampling

from .run_folder import RunFolder

Answers = dict[str, list[str]]
Row = Mapping[str, Any]
Make = Callable[[Sequence[Sampling], Sequence[Row]], Answers]


@dataclass(frozen=True, slots=True)
class AnswerSampling:
    """How the verifier draws answers (UNO §4): one greedy, the others sampled.

    All is as in the chat, whose replies the answers stand for. The paper's temperature of 1.0
    (:data:`PAPER_SAMPLING`) makes a small model write what nobody is ever served. Only so much
    is drawn as judging needs: twice the longest chosen answer, at ``chars_per_token``, within
    ``min_tokens`` and ``max_tokens``. Who rambles on beyond that is cut off, which can only
    flatter the base model, whose answers are the longer ones.
    """

    n_samples: int = 3
    temperature: float = REPLY_SAMPLING.temperature
    top_p: float = REPLY_SAMPLING.top_p
    chars_per_token: float = 4.0
    min_tokens: int = 192
    max_tokens: int = 512

    def limit(self, rows: Sequence[Row]) -> int:
        """Most tokens that an answer to one of ``rows`` gets."""
        longest = max((len(row["chosen"]) for row in rows), default=0)
        wanted = math.ceil(2 * longest / self.chars_per_token)
        return min(self.max_tokens, max(self.min_tokens, wanted))

    def draws(self, seed: int, max_tokens: int) -> list[Sampling]:
        """The samplings of one query; the first is greedy."""
        sampled = replace(
            REPLY_SAMPLING,
            max_tokens=max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
        )
        greedy = replace(sampled, temperature=0.0, top_p=1.0, seed=seed)
        return [greedy, *(replace(sampled, seed=seed + n) for n in range(1, self.n_samples))]


SAMPLING = AnswerSampling()
PAPER_SAMPLING = AnswerSampling(temperature=1.0, top_p=0.9)


def turns(row: Row) -> tuple[ChatMessage, ...]:
    """A row's prompt as messages."""
    return tuple(ChatMessage(turn["role"], turn["content"]) for turn in row["messages"])


class Answerer:
    """Answers the rows of a run with the base model and with its checkpoints."""

    def __init__(
        self,
        client: InferenceClient,
        base_model: str,
        folder: RunFolder,
        *,
        seed: int = 0,
        sampling: AnswerSampling | None = None,
    ) -> None:
        self.client = client
        self.base_model = base_model
        self.folder = folder
        self.seed = seed
        self.sampling = sampling or SAMPLING

    def direct(self, policy: str, model: str, rows: Sequence[Row]) -> Answers:
        """``model`` answers each row by itself: the base, or an expert."""
        return self._kept(policy, rows, partial(self._ask_all, model))

    def revised(self, policy: str, critic: str, rows: Sequence[Row], drafts: Answers) -> Answers:
        """The critic suggests rules for each of the base's drafts, the base revises (UNO §6)."""
        return self._kept(policy, rows, partial(self._revise_all, critic, drafts))

    def _kept(self, policy: str, rows: Sequence[Row], make: Make) -> Answers:
        name = f"answers/{policy}.json"
        known: Answers = self.folder.read_json(name) or {}
        missing = [row for row in rows if row["id"] not in known]
        if missing:
            draws = self.sampling.draws(self.seed, self.sampling.limit(rows))
            known |= make(draws, missing)
            self.folder.write_json(name, known)
        return {row["id"]: known[row["id"]] for row in rows}

    def _ask_all(self, model: str, draws: Sequence[Sampling], rows: Sequence[Row]) -> Answers:
        requests = [ChatRequest(model, turns(row), draw) for row in rows for draw in draws]
        return self._grouped(rows, [answer.text for answer in self.client.chat_many(requests)])

    def _revise_all(
        self, critic: str, drafts: Answers, draws: Sequence[Sampling], rows: Sequence[Row]
    ) -> Answers:
        tries = [
            (row, draft, draw)
            for row in rows
            for draft, draw in zip(drafts[row["id"]], draws, strict=True)
        ]
        asked = [
            ChatRequest(critic, critic_messages(turns(row), draft), critic_sampling(draw))
            for row, draft, draw in tries
        ]
        rules = [answer.text.strip() for answer in self.client.chat_many(asked)]
        requests = [
            ChatRequest(self.base_model, revise_messages(turns(row), draft, rule), draw)
            for (row, draft, draw), rule in zip(tries, rules, strict=True)
        ]
        texts = [answer.text for answer in self.client.chat_many(requests)]
        # As in serving: where the critic has nothing to say, the draft stands.
        kept = [
            text if rule else draft
            for (_, draft, _), rule, text in zip(tries, rules, texts, strict=True)
        ]
        return self._grouped(rows, kept)

    def _grouped(self, rows: Sequence[Row], texts: Sequence[str]) -> Answers:
        n = self.sampling.n_samples
        return {
            row["id"]: [text.strip() for text in texts[index * n : (index + 1) * n]]
            for index, row in enumerate(rows)
        }
