"""Real texts of known topics, embedded, and as many entries like them as a test wants.

The topics: e-mails and tips of the simulation (its prompts, with what its users say of real
replies), and real feedback by source: news summaries, code, and conversations.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chat.router import normalise_rows
from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from curation.ml.features import join_rules
from training.simulation import phrasings
from training.simulation.deployment import build_deployment

FIXTURES = Path(__file__).resolve().parent / "fixtures"
SEED = FIXTURES / "seed"
SOURCES = {"defacto": "summary", "ilf": "code", "hh": "conversation", "oasst": "conversation"}
SHARES: Mapping[str, float] = {
    "summary": 0.30,
    "conversation": 0.25,
    "email": 0.20,
    "tips": 0.15,
    "code": 0.10,
}
"""How much of a deployment each topic is: unequal, as topics are."""
MAX_CHARS = 400
"""Of a text, enough to know its topic by, and quick to embed."""
WEIGHT = 0.7
"""How near to its real text an entry is: two around one text have about the cosine (.64) that two
wordings of one wish of the simulation have."""
BATCH = 10_000

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


class Text(NamedTuple):
    """An entry in words."""

    topic: str
    query: str
    rules: str


@dataclass(frozen=True, slots=True)
class Entries:
    """Embedded entries: ``queries`` and ``rules`` [n, d], ``topics`` [n] into ``names``."""

    names: tuple[str, ...]
    topics: NDArray[np.int64]
    queries: NDArray[np.float32]
    rules: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.topics)

    def take(self, index: NDArray[np.int64]) -> Entries:
        """Some of the entries."""
        return Entries(self.names, self.topics[index], self.queries[index], self.rules[index])


def real_texts(seed_folder: Path = SEED) -> list[Text]:
    """Every entry whose topic is known; ``seed_folder`` may be a larger one of the same shape."""
    return [*_simulated(), *_seed_rows(seed_folder)]


def embed_texts(texts: Sequence[Text], embed: Embed) -> Entries:
    """The texts' embeddings."""
    names = tuple(SHARES)
    return Entries(
        names,
        np.array([names.index(text.topic) for text in texts]),
        embed([text.query[:MAX_CHARS] for text in texts]),
        embed([text.rules[:MAX_CHARS] for text in texts]),
    )


def wording_cosine(embed: Embed) -> float:
    """How alike two wordings of one wish are: mean cosine over the simulation's wishes."""
    groups = [g for name, g in vars(phrasings).items() if name.startswith(("EMAIL_", "TIPS_"))]
    cosines = []
    for group in groups:
        rows = embed(group)
        cosines += (rows @ rows.T)[np.triu_indices(len(rows), k=1)].tolist()
    return float(np.mean(cosines))


def multiply(real: Entries, n: int, seed: int = 0) -> Entries:
    """``n`` entries of the topics in the shares of :data:`SHARES`, in random order.

    Each query is drawn around a real one of its topic, and each wish around a real wish of that
    topic: somebody asks much the same, and wants what people of this topic want. "Around" is
    :data:`WEIGHT` · a + (1 − WEIGHT) · b, with b another one of the topic, filled up to length 1
    with noise in a random direction. So a topic keeps the mean and the scatter of its real texts.
    """
    rng = np.random.default_rng(seed)
    shares = np.array([SHARES[name] for name in real.names])
    topics = rng.choice(len(shares), size=n, p=shares)
    queries, rules = (
        _between(rows, _parents(real, topics, rng), _parents(real, topics, rng), rng)
        for rows in (real.queries, real.rules)
    )
    return Entries(real.names, topics, queries, rules)


def draws_around(real: Entries, index: int, n: int, seed: int = 0) -> NDArray[np.float32]:
    """The queries [n, d] of ``n`` entries drawn around one real entry."""
    rng = np.random.default_rng(seed)
    others = _parents(real, np.full(n, real.topics[index]), rng)
    return _between(real.queries, np.full(n, index), others, rng)


def _parents(
    real: Entries, topics: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    parents = np.empty(len(topics), dtype=np.int64)
    for topic in range(len(real.names)):
        chosen = topics == topic
        members = np.flatnonzero(real.topics == topic)
        parents[chosen] = rng.choice(members, size=chosen.sum())
    return parents


def _between(
    rows: NDArray[np.float32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    made = np.empty((len(first), rows.shape[1]), dtype=np.float32)
    for start in range(0, len(first), BATCH):
        part = slice(start, start + BATCH)
        mixed = WEIGHT * rows[first[part]] + (1 - WEIGHT) * rows[second[part]]
        missing = np.sqrt(np.maximum(1 - (mixed**2).sum(axis=1, keepdims=True), 0))
        noise = normalise_rows(rng.normal(size=mixed.shape))
        made[part] = normalise_rows(mixed + missing * noise)
    return made


def _simulated() -> Iterator[Text]:
    """The simulation's prompts, each with what a user says of a real reply to that topic."""
    lines = (FIXTURES / "replies" / "smollm2_135m.jsonl").read_text(encoding="utf-8").splitlines()
    replies = [json.loads(line) for line in lines]
    plan = build_deployment(seed=0, n_entries_per_topic=76, n_noise=0, n_held_out=0)
    for n, entry in enumerate(plan.entries):
        own = [row["reply"] for row in replies if row["topic"] == entry.topic]
        reply = own[n % len(own)]
        given = entry.react(reply)
        wishes = [text for text in (given.comment, given.follow_up) if text]
        if given.correction:
            wishes += [r.text for r in rules_from_edit(Correction(reply, given.correction))]
            yield Text(entry.topic, entry.prompt, join_rules(wishes))


def _seed_rows(folder: Path) -> Iterator[Text]:
    for source, topic in SOURCES.items():
        path = folder / f"{source}_feedback.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield Text(topic, row["messages"][-2]["content"], row["feedback"])
