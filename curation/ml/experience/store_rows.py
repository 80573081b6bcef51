"""The rows that a refinement looks at, and its thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field

from chat.experience.ml.ranking import MEANING
from curation.ml.experience.conflicts import Note
from curation.ml.experience.keeping import KeepConfig, Standing
from curation.ml.experience.widening import WidenConfig


@dataclass(frozen=True, slots=True)
class RefineConfig:
    """``merge_at``: cosine of trigger and of content from which two rows are one. ``conflict_at``:
    cosine of triggers from which two rows speak of the same thing, and may contradict. ``widen``
    is None where rows are of several people: what one of them wants is not what all want."""

    merge_at: float = 0.88
    conflict_at: float = 0.75
    keep: KeepConfig = field(default_factory=KeepConfig)
    widen: WidenConfig | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A live row as refinement sees it: ``key`` is its id, ``n_people`` how many it rests on,
    ``matching`` how it is found (:mod:`chat.experience.ml.ranking`), ``questions`` what it was said
    of, without its trigger; times are seconds since the epoch."""

    key: str
    kind: str
    trigger: str
    content: str
    standing: Standing
    valid_from: float
    n_people: int = 1
    matching: str = MEANING
    questions: tuple[str, ...] = ()

    @property
    def note(self) -> Note:
        """Its trigger and content."""
        return Note(self.trigger, self.content)

    @property
    def is_wide(self) -> bool:
        """Whether it is for more than questions like its trigger."""
        return self.matching != MEANING
