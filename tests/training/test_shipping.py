"""Promotion tells those whose feedback the adapter learned from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chat.models import ShippedNotice
from curation.models import Cluster, LogEntry
from tests.factories import UserFactory
from tests.scripted import ScriptedClient
from training.models import Adapter, TrainingExample
from training.services.promotion import promote
from uno_site.errors import Conflict

Make = Callable[..., Adapter]


@pytest.fixture
def adapter(ready_cluster: Cluster, make: Make) -> Adapter:
    """Trained by three entries of one person, and one each of two who may not be told."""
    adapter = make(ready_cluster)
    ana, withdrawn = UserFactory(username="ana"), UserFactory(training_consent=False)
    entries = list(LogEntry.objects.all()[:6])
    people = [ana, ana, ana, withdrawn, None, ana]
    for entry, person in zip(entries, people, strict=True):
        entry.user = person
        entry.save()
    for entry, split in zip(entries, ["train"] * 5 + ["validation"], strict=True):
        TrainingExample.objects.create(
            run=adapter.run, entry=entry, entry_key=entry.pk, split=split
        )
    return adapter


def test_who_taught_it_is_told_with_how_much(adapter: Adapter, scripted: ScriptedClient) -> None:
    promote([adapter], None)
    notice = ShippedNotice.objects.get()
    assert (notice.user.username, notice.n_entries) == ("ana", 3)
    assert (notice.adapter_id, notice.cluster_name) == (adapter.pk, "Letters")


def test_promoting_it_again_tells_nobody_again(adapter: Adapter, scripted: ScriptedClient) -> None:
    promote([adapter], None)
    with pytest.raises(Conflict):
        promote([adapter], None)
    assert ShippedNotice.objects.count() == 1
