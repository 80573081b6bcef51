"""Rules merged into a rule that was merged itself point to the one that stands for them all."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def flatten(apps: Any, schema_editor: Any) -> None:
    """Follow every chain to its end; the entries' places are to be found anew."""
    Rule = apps.get_model("curation", "Rule")
    LogEntry = apps.get_model("curation", "LogEntry")
    chained = Rule.objects.filter(merged_into__merged_into__isnull=False)
    targets = dict(
        Rule.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into_id")
    )
    for pk, entry_id in list(chained.values_list("pk", "entry_id")):
        Rule.objects.filter(pk=pk).update(merged_into_id=_end(pk, targets))
        LogEntry.objects.filter(pk=entry_id).update(has_new_rules=True)


def _end(pk: Any, targets: dict[Any, Any]) -> Any:
    """The last rule of the chain that begins at ``pk``; a ring is left where it closes."""
    seen = {pk}
    while (target := targets.get(pk)) is not None and target not in seen:
        seen.add(target)
        pk = target
    return pk


class Migration(migrations.Migration):
    dependencies = [("curation", "0009_entry_has_new_rules")]

    operations = [migrations.RunPython(flatten, migrations.RunPython.noop)]
