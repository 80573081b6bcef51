"""A small part of set (a) for a look in minutes: two topics, few conversations."""

from __future__ import annotations

from pathlib import Path

from training.evaluation.sets.simulated import SimulatedSet, SimulationSize

QUICK = SimulationSize(
    topics=("email", "tips"),
    n_entries_per_topic=12,
    n_noise=4,
    n_noise_on_topics=4,
    n_held_out=4,
    n_control=2,
)


def make_set(path: Path | None = None) -> SimulatedSet:
    """The quick set; it needs no file."""
    return SimulatedSet(QUICK, "simulated-quick", "Simulated deployment, quick")
