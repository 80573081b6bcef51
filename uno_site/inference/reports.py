"""What an operator wants to know of each replica."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from uno_site.inference.adapter_sync import adapter_changes
from uno_site.inference.errors import InferenceError
from uno_site.inference.gateway import Gateway
from uno_site.inference.protocol import EngineHealth
from uno_site.inference.replicas import Replica

ReplicaState = Literal["serving", "behind", "loading", "away"]


@dataclass(frozen=True, slots=True)
class ReplicaReport:
    """One replica as it was found.

    ``state`` is ``serving``, ``behind`` (it answers, but lacks adapters that the routes name),
    ``loading`` (its model) or ``away`` (``error`` says why).
    """

    url: str
    state: ReplicaState
    error: str = ""
    health: EngineHealth | None = None
    adapters: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def replica_report(gateway: Gateway, replica: Replica, wanted: Mapping[str, str]) -> ReplicaReport:
    """Ask one replica how it is and what it has; it is told in any case."""
    try:
        health = gateway.health(replica)
        if health.status != "ok":
            return ReplicaReport(replica.url, "loading", health=health)
        cards = gateway.models(replica)
    except InferenceError as error:
        return ReplicaReport(replica.url, "away", error=str(error))
    missing = tuple(sorted(adapter_changes(cards, wanted).load))
    return ReplicaReport(
        url=replica.url,
        state="behind" if missing else "serving",
        error="; ".join(replica.lacking[name] for name in missing if name in replica.lacking),
        health=health,
        adapters=tuple(sorted(card.id for card in cards if card.parent is not None)),
        missing=missing,
    )
