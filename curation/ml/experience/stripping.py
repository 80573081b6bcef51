"""Keeping memories from breeding: what a reply says because a note said it is no new knowledge."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curation.ml.experience.wording import literals
from curation.ml.grounding import content_stems
from curation.ml.sentences import whole_sentences

MAX_REPEATED = 0.8
"""A sentence of whose content words this share stands in one note repeats it."""
MIN_STEMS = 2
MARK = re.compile(r"\[?\bnotes?\s+#?\w{0,8}\d\w{0,8}\]?:?", re.IGNORECASE)


def repeats(sentence: str, notes: Sequence[str]) -> bool:
    """Whether a sentence says what one of the notes says, with the same figures."""
    bare = MARK.sub(" ", sentence)
    said, figures = content_stems(bare), set(literals(bare))
    if len(said) < MIN_STEMS:
        return False
    return any(
        figures <= set(literals(note))
        and len(said & content_stems(note)) / len(said) >= MAX_REPEATED
        for note in notes
    )


def without_notes(text: str, notes: Sequence[str]) -> str:
    """The text without the sentences that repeat a note, one a line; unchanged without notes."""
    if not notes:
        return text
    kept = [sentence for sentence in whole_sentences(text) if not repeats(sentence, notes)]
    return "\n".join(kept)
