"""Whoever said of a reply that its note is wrong said so of the note."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def keep(apps: Any, schema_editor: Any) -> None:
    """One dispute for each note and person."""
    Dispute, Use = (apps.get_model("experience", name) for name in ("Dispute", "Use"))
    said = Use.objects.filter(outcome="disputed").exclude(message__conversation__user=None)
    pairs = said.values_list("experience_id", "message__conversation__user_id").distinct()
    rows = [Dispute(experience_id=note, user_id=user) for note, user in pairs.order_by()]
    Dispute.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("experience", "0005_exchanged_ids"), ("chat", "0007_edits")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
