"""The plan of a simulated deployment: who asks what, and what is held out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from training.simulation.email import EMAIL
from training.simulation.explain import EXPLAIN
from training.simulation.plans import PLANS
from training.simulation.prompts import load_prompts
from training.simulation.proscons import PROSCONS
from training.simulation.recipes import RECIPES
from training.simulation.stories import CONTRADICTIONS
from training.simulation.tastes import Taste
from training.simulation.tips import TIPS
from training.simulation.users import Behaviour, SimulatedFeedback, SimulatedUser, simulate_feedback
from uno_site.errors import InvalidInput

TOPICS: Mapping[str, Taste] = {"email": EMAIL, "tips": TIPS}
"""What the learning demonstration is about: both against the model's habit."""
IN_LINE: Mapping[str, Taste] = {"recipes": RECIPES, "plans": PLANS}
"""Tastes near to what a small model does anyway: numbered lists, a friendly last line."""
AGAINST: Mapping[str, Taste] = {**TOPICS, "explain": EXPLAIN, "proscons": PROSCONS}
"""Tastes against its habit: lower case, two sentences, an answer first, a table."""
ALL_TOPICS: Mapping[str, Taste] = {**AGAINST, **IN_LINE}
NOISE = "noise"

# Several people share a taste: an office writes in Ana's name, a household likes short tips.
NAMES: Mapping[str, tuple[str, ...]] = {
    "email": ("ana", "ben", "carla"),
    "tips": ("dora", "emil", "fay"),
    "explain": ("vera", "wim", "yara"),
    "proscons": ("xenia", "yuri", "zoe"),
    "recipes": ("rosa", "sven", "ralf"),
    "plans": ("tilda", "uwe", "tom"),
}
CONTRADICTORY_NAMES = (("gus", "hana"), ("ivo", "jule"), ("kim", "lars"))
# The noise that is not contradictory: each takes the next prompt of its kind in turn.
OTHER_NOISE = (
    (SimulatedUser("mia", "irrelevant"), "trivia"),
    (SimulatedUser("nils", "hostile"), "code"),
    (SimulatedUser("olga", "content"), "chat"),
    (SimulatedUser("pia", "irrelevant"), "chat"),
    (SimulatedUser("quin", "hostile"), "trivia"),
)


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """One conversation to have: ask ``prompt``, then give ``user``'s feedback on the reply.

    ``topic`` is a topic's name or "noise": the truth that the product is not told.
    """

    id: str
    topic: str
    prompt: str
    user: SimulatedUser
    seed: int

    def react(self, reply: str) -> SimulatedFeedback:
        """The user's feedback on the model's reply; always the same for the same reply."""
        return simulate_feedback(self.prompt, reply, self.user, _seeded(self.seed))


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that happens, in order, and the prompts that nobody has asked.

    ``entries`` and ``held_out`` share no prompt; which of the entries' prompts validate is
    for the product to draw.

    Attributes
    ----------
    held_out
        For each topic, prompts to measure with; none of them is in ``entries``.
    control
        Prompts of no topic, which must go on being answered by the base model.
    """

    seed: int
    entries: tuple[PlannedEntry, ...]
    held_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    control: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoisePlan:
    """The noise of a deployment.

    ``files`` hold its prompts. ``n_on_topics`` entries more are useless follow-ups to the
    topics' own prompts: irrelevant, hostile, or content without saying with what.
    """

    files: tuple[str, ...] = (NOISE,)
    n_on_topics: int = 0


def build_deployment(
    seed: int,
    n_entries_per_topic: int = 24,
    n_noise: int = 16,
    n_held_out: int = 20,
    weak_share: float = 0.0,
    tastes: Mapping[str, Taste] = TOPICS,
    noise: NoisePlan = NoisePlan(),
) -> Deployment:
    """Plan a deployment; the same arguments give the same plan.

    Parameters
    ----------
    n_entries_per_topic, n_noise, n_held_out
        Counts; half of the noise (rounded down to even) contradicts itself about stories, the
        rest is irrelevant, hostile or content follow-ups on other prompts.
    weak_share
        Share of the topics' entries, 0 to 1, whose user repairs one rule only.
    tastes
        The topics by name, each a name of :data:`ALL_TOPICS`.

    Raises
    ------
    InvalidInput
        More entries than there are prompts.
    """
    entries: list[PlannedEntry] = []
    held_out = {}
    for number, topic in enumerate(tastes):
        n_noisy = _share_out(noise.n_on_topics, len(tastes), number)
        prompts = _draw(topic, n_held_out + n_entries_per_topic + n_noisy, seed)
        held_out[topic] = prompts[:n_held_out]
        end = n_held_out + n_entries_per_topic
        entries += _plan_topic(topic, prompts[n_held_out:end], seed, weak_share)
        entries += _plan_noise_on(topic, prompts[end:], seed, first=number)
    entries += _plan_noise(n_noise, seed, noise.files)
    _rng(seed, "order").shuffle(entries)
    return Deployment(seed, tuple(entries), held_out, load_prompts("control"))


def _share_out(n: int, n_parts: int, part: int) -> int:
    """How many of ``n`` fall to one of the parts, the first ones getting what is left over."""
    return n // n_parts + (part < n % n_parts)


def _plan_topic(
    topic: str, prompts: tuple[str, ...], seed: int, weak_share: float
) -> list[PlannedEntry]:
    rng = _rng(seed, f"{topic} users")
    n_weak = round(weak_share * len(prompts))
    entries = []
    for i, prompt in enumerate(prompts):
        behaviour: Behaviour = "weak" if i < n_weak else "strong"
        user = SimulatedUser(rng.choice(NAMES[topic]), behaviour, ALL_TOPICS[topic])
        entries.append(_entry(topic, i, prompt, user, seed))
    return entries


def _plan_noise_on(
    topic: str, prompts: tuple[str, ...], seed: int, first: int
) -> list[PlannedEntry]:
    """A topic's questions with follow-ups from which nothing can be learned."""
    users = [OTHER_NOISE[(first + i) % len(OTHER_NOISE)][0] for i in range(len(prompts))]
    return [
        replace(_entry(f"{NOISE}-{topic}", i, prompt, user, seed), topic=NOISE)
        for i, (prompt, user) in enumerate(zip(prompts, users, strict=True))
    ]


def _plan_noise(n_noise: int, seed: int, files: tuple[str, ...]) -> list[PlannedEntry]:
    n_pairs = n_noise // 4
    stories = _draw(NOISE, 2 * n_pairs, seed, "story", files)
    planned = [
        (stories[2 * pair + side], _contradictory_user(pair, side))
        for pair in range(n_pairs)
        for side in (0, 1)
    ]
    others = {kind: iter(_draw(NOISE, None, seed, kind, files)) for _, kind in OTHER_NOISE}
    for i in range(n_noise - 2 * n_pairs):
        user, kind = OTHER_NOISE[i % len(OTHER_NOISE)]
        prompt = next(others[kind], None)
        if prompt is None:
            raise InvalidInput(
                f"{n_noise} noise entries need more {kind!r} prompts than there are.",
                remedy="Ask for fewer noise entries.",
            )
        planned.append((prompt, user))
    return [_entry(NOISE, i, prompt, user, seed) for i, (prompt, user) in enumerate(planned)]


def _contradictory_user(pair: int, side: int) -> SimulatedUser:
    n = pair % len(CONTRADICTIONS)
    return SimulatedUser(CONTRADICTORY_NAMES[n][side], "contradictory", CONTRADICTIONS[n][side])


def _entry(topic: str, i: int, prompt: str, user: SimulatedUser, seed: int) -> PlannedEntry:
    name = f"{topic}-{i:02}"
    return PlannedEntry(name, topic, prompt, user, _rng(seed, name).getrandbits(32))


def _draw(
    topic: str,
    n: int | None,
    seed: int,
    kind: str | None = None,
    files: tuple[str, ...] = (),
) -> tuple[str, ...]:
    prompts = [prompt for file in files or (topic,) for prompt in load_prompts(file, kind)]
    if n is not None and n > len(prompts):
        raise InvalidInput(
            f"{n} prompts of {kind or topic!r} were asked for; there are {len(prompts)}.",
            remedy="Ask for fewer entries or held-out prompts.",
        )
    _rng(seed, f"{topic} {kind}").shuffle(prompts)
    return tuple(prompts[:n])


def _rng(seed: int, purpose: str) -> random.Random:
    """A generator of its own for each purpose, so that one more draw here changes nothing there."""
    return _seeded(f"{seed}:{purpose}")


def _seeded(seed: int | str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a simulation, not a secret
