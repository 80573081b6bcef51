"""The thresholds of keeping, as an admin set them."""

from __future__ import annotations

from curation.ml.experience.keeping import KeepConfig
from curation.ml.experience.store_rows import RefineConfig
from curation.ml.experience.widening import WidenConfig
from uno_site.runtime.services import runtime_setting

MAX_ITEMS = 3
"""Notes that one episode may give."""


def refine_config(*, is_shared: bool) -> RefineConfig:
    """The thresholds of a refinement of shared notes, or of one person's."""
    cap = "experience_cap_shared" if is_shared else "experience_cap_personal"
    keep = KeepConfig(
        min_uses=runtime_setting("experience_quarantine_uses"),
        min_helpful=runtime_setting("experience_quarantine_percent") / 100,
        cap=runtime_setting(cap),
    )
    return RefineConfig(
        merge_at=runtime_setting("experience_merge_percent") / 100,
        conflict_at=runtime_setting("experience_conflict_percent") / 100,
        keep=keep,
        widen=None if is_shared else WidenConfig(),
    )


def notes_per_day() -> int:
    """How many notes one person's chats may give within 24 hours."""
    return int(runtime_setting("experience_notes_per_day"))


def min_people() -> int:
    """Whose chats must say the same before it may be shared: so many people's."""
    return int(runtime_setting("experience_min_people"))
