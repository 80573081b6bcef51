"""In which order the running requests' tokens go into one batch.

llama.cpp computes the sequences of a batch together only as long as their numbers follow
one another without a gap; at every gap it begins a new pass over the weights, and eight
sequences in the wrong order cost as much as eight batches.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from uno_site.inference.engine.backend import Row
from uno_site.inference.engine.generation import Generation, Plan

# A gap of one free slot is bridged with a token that nobody reads: one more row costs about
# half of what one more pass costs. Wider gaps are cheaper left alone.
MAX_BRIDGED_GAP = 1
_BRIDGE_TOKEN = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """``rows`` of the batch; the ``parts`` with each one's first row; slots to clear after."""

    rows: list[Row]
    parts: list[tuple[Generation, Plan, int]]
    bridges: list[int]


def lay_out(plans: Sequence[tuple[Generation, Plan]], free_slots: Collection[int]) -> Layout:
    """Order ``plans`` by slot and bridge the narrow gaps over ``free_slots``."""
    layout = Layout([], [], [])
    previous: int | None = None
    for generation, plan in sorted(plans, key=lambda part: part[0].slot):
        slot = generation.slot
        gap = range(slot if previous is None else previous + 1, slot)
        if len(gap) <= MAX_BRIDGED_GAP and all(s in free_slots for s in gap):
            layout.bridges.extend(gap)
            layout.rows.extend(Row(_BRIDGE_TOKEN, 0, s, wants_logits=False) for s in gap)
        layout.parts.append((generation, plan, len(layout.rows)))
        layout.rows.extend(
            Row(token, plan.first_position + i, slot, wanted)
            for i, (token, wanted) in enumerate(zip(plan.tokens, plan.wants_logits, strict=True))
        )
        previous = slot
    return layout
