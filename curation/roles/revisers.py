"""The reviser role: better answers written by a model, 3 seeds × 2 prompts (UNO §1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curation.entry_text import numbered_rules
from curation.roles.bindings import BoundModel
from uno_site.inference.protocol import ChatRequest, Sampling
from uno_site.prompts.loader import Prompt, load_prompt

FROM_FEEDBACK, REVISE = "reviser/answer_from_feedback", "reviser/revise_answer"
SEEDS = (0, 1, 2)
TEMPERATURE, TOP_P = 1.0, 0.9
MAX_TOKENS = 2_048
"""The paper's output budget; the engine clips it to the room that its context leaves."""


@dataclass(frozen=True, slots=True)
class RevisionTask:
    """A reply to be revised, with what is known of what its user wants."""

    query: str
    answer: str
    feedback: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """A revised answer with what made it."""

    text: str
    seed: int
    prompt_ref: str
    model: str


class GenerativeReviser:
    """Samples revisions from a model that passed the role's check."""

    strategy = "generative"

    def __init__(self, bound: BoundModel, *, max_tokens: int = MAX_TOKENS) -> None:
        self.bound = bound
        self.max_tokens = max_tokens

    def revise(self, task: RevisionTask, seeds: Sequence[int] = SEEDS) -> list[Revision]:
        """The candidates of one entry: every seed with both prompts, empty ones left out."""
        return self.revise_many([task], seeds)[0]

    def revise_many(
        self, tasks: Sequence[RevisionTask], seeds: Sequence[int] = SEEDS
    ) -> list[list[Revision]]:
        """The candidates of several entries, asked for together so that the engine batches."""
        prompts = (load_prompt(FROM_FEEDBACK), load_prompt(REVISE))
        plan = [(prompt, seed) for seed in seeds for prompt in prompts]
        requests = [self._request(prompt, seed, task) for task in tasks for prompt, seed in plan]
        results = iter(self.bound.client.chat_many(requests))
        found = [
            [Revision(next(results).text.strip(), s, p.ref, self.bound.model) for p, s in plan]
            for _ in tasks
        ]
        return [[revision for revision in made if revision.text] for made in found]

    def _request(self, prompt: Prompt, seed: int, task: RevisionTask) -> ChatRequest:
        rules = numbered_rules(task.rules)
        values = {
            "query": task.query,
            "answer": task.answer,
            "feedback": task.feedback or rules,
            "rules": rules,
        }
        return ChatRequest(
            model=self.bound.model,
            messages=prompt.render(**{name: values[name] for name in prompt.variables}),
            sampling=Sampling(
                max_tokens=self.max_tokens, temperature=TEMPERATURE, top_p=TOP_P, seed=seed
            ),
        )
