"""The file in which a person's notes leave and come back; no database here."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

FORMAT: Final = "uno.notes"
VERSION: Final = 1


class NotePart(BaseModel):
    """One note. Counters leave for reading, and begin anew where it comes in."""

    # What a later version adds is left aside.
    model_config = ConfigDict(extra="ignore")

    kind: Literal["rule", "strategy", "pitfall", "fact", "preference"] = "fact"
    matching: Literal["meaning", "words", "always"] = "meaning"
    trigger: Annotated[str, Field(max_length=300)] = ""
    content: Annotated[str, Field(min_length=1, max_length=1_000)]
    is_pinned: bool = False
    is_on: bool = True
    status: str = ""
    source: str = ""
    created_at: AwareDatetime | None = None
    hits: int = 0
    helpful: int = 0
    harmful: int = 0


class NotesFile(BaseModel):
    """A person's notes."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["uno.notes"] = FORMAT
    version: Literal[1] = VERSION
    exported_at: AwareDatetime | None = None
    notes: Annotated[list[Any], Field(max_length=10_000)] = []
