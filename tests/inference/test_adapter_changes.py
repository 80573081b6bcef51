"""What brings a replica up to date, and when a change on several replicas has succeeded."""

import pytest

from uno_site.inference.adapter_sync import Tally, adapter_changes
from uno_site.inference.errors import AdapterInvalid, EngineUnreachable, InferenceError
from uno_site.inference.protocol import ModelCard

CARDS = [
    ModelCard("base"),
    ModelCard("kept", "base", "/a/kept"),
    ModelCard("moved", "base", "/a/old"),
    ModelCard("foreign", "base", "/a/foreign"),
]


def test_what_is_missing_is_loaded_and_what_lies_elsewhere_makes_way() -> None:
    wanted = {"kept": "/a/kept", "moved": "/a/new", "lost": "/a/lost"}
    changes = adapter_changes(CARDS, wanted)
    assert changes.load == {"moved": "/a/new", "lost": "/a/lost"}
    assert changes.unload == ["moved"]


def test_what_nobody_asked_for_stays() -> None:
    changes = adapter_changes(CARDS, {})
    assert (changes.unload, changes.load) == ([], {})


@pytest.mark.parametrize(
    ("outcomes", "needs_all", "error"),
    [
        ([None, None], True, None),
        ([None, AdapterInvalid("no")], True, AdapterInvalid),
        ([None, AdapterInvalid("no")], False, None),
        ([AdapterInvalid("no"), AdapterInvalid("no")], False, AdapterInvalid),
        ([None, EngineUnreachable("away")], True, None),
        ([EngineUnreachable("away")], True, EngineUnreachable),
        ([EngineUnreachable("away"), AdapterInvalid("no")], False, AdapterInvalid),
    ],
)
def test_success_on_several_replicas(
    outcomes: list[InferenceError | None], needs_all: bool, error: type[InferenceError] | None
) -> None:
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    if error is None:
        tally.check(needs_all=needs_all)
        return
    with pytest.raises(error):
        tally.check(needs_all=needs_all)
