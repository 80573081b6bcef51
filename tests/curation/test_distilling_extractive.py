"""The extractive distiller on the real embedder: users' own words become rules."""

from __future__ import annotations

import pytest

from curation.models import EntryState, LogEntry
from curation.roles.distillers import ExtractiveDistiller
from curation.services.distilling import entries_distil
from curation.services.flags import NO_FEEDBACK_TEXT, SATISFIED
from tests.factories import LogEntryFactory

pytestmark = [pytest.mark.django_db, pytest.mark.model]


def said(*texts: str, **values: object) -> LogEntry:
    feedback = [{"kind": "comment", "text": text} for text in texts]
    return LogEntryFactory(feedback=feedback, **values)


def rules_of(entry: LogEntry) -> list[str]:
    return list(entry.rules.order_by("position").values_list("text", flat=True))


def test_instructions_become_rules_and_small_talk_does_not(engine: object) -> None:
    wish = said("Please use bullet points.")
    thanks = said("Thanks, that was great!")
    nothing = LogEntryFactory(feedback=[{"kind": "thumb", "text": "down"}])
    chip = LogEntryFactory(
        feedback=[{"kind": "thumb", "text": "down"}, {"kind": "reason", "text": "too_long"}]
    )
    edit = LogEntryFactory(feedback=[], correction="Hi,\n\nThe heating is broken.\n\nCheers, Ana")
    report = entries_distil(distiller=ExtractiveDistiller())
    assert report.n_distilled == 3
    assert rules_of(wish) == ["Use bullet points."]
    assert rules_of(chip) == ["Keep the answer shorter."]
    assert chip.rules.get().strategy == "reason"
    assert any("Cheers, Ana" in text for text in rules_of(edit))
    thanks.refresh_from_db()
    assert (thanks.state, thanks.flags) == (EntryState.NO_RULES, [SATISFIED])
    nothing.refresh_from_db()
    assert nothing.flags == [NO_FEEDBACK_TEXT]
