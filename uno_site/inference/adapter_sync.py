"""Which adapters a replica should have, and what came of giving them to several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from uno_site.inference.errors import EngineRefused, InferenceError
from uno_site.inference.protocol import ModelCard

#: Adapters that every replica should have, name to path; asked anew each time.
AdapterSource = Callable[[], Mapping[str, str]]


def no_adapters() -> dict[str, str]:
    """For clients that serve no routes."""
    return {}


@dataclass(frozen=True, slots=True)
class AdapterChanges:
    """What brings a replica up to date: names to unload, then adapters to load."""

    unload: list[str]
    load: dict[str, str]


def adapter_changes(cards: Sequence[ModelCard], wanted: Mapping[str, str]) -> AdapterChanges:
    """Compare what a replica lists with what it should have.

    An adapter of the right name from another folder is another adapter: it makes way. What
    is there and not wanted stays: somebody may be trying it out.
    """
    roots = {card.id: card.root for card in cards}
    return AdapterChanges(
        unload=[name for name, path in wanted.items() if name in roots and roots[name] != path],
        load={name: path for name, path in wanted.items() if roots.get(name) != path},
    )


@dataclass(slots=True)
class Tally:
    """The outcomes of one change on several replicas."""

    n_done: int = 0
    refusals: list[EngineRefused] = field(default_factory=list)
    failures: list[InferenceError] = field(default_factory=list)

    def add(self, error: InferenceError | None) -> None:
        """Count one replica's outcome."""
        if error is None:
            self.n_done += 1
        elif isinstance(error, EngineRefused):
            self.refusals.append(error)
        else:
            self.failures.append(error)

    def check(self, *, needs_all: bool) -> None:
        """Raise what speaks against success.

        Parameters
        ----------
        needs_all
            One refusal is one too many; otherwise one success is enough. A replica that could
            not be asked never counts: it is brought up to date before it serves again.

        Raises
        ------
        EngineRefused, InferenceError
            The first refusal, or the first failure where nobody answered.
        """
        if self.refusals and (needs_all or not self.n_done):
            raise self.refusals[0]
        if self.failures and not self.n_done:
            raise self.failures[0]
