"""Where the screens of an instance are: an example for each.

:func:`print_addresses` runs inside the instance; a screen that has no example there is left
out of pictures, and fails the tests on the filled instance.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from chat.experience.models import Experience, RefineRun
from chat.models import Conversation, Message, RouteTable
from curation.models import Cluster, LogEntry, PreferencePair, Rule
from tests.screens.roles import FOR_ADMINS_TOO, SCREENS
from training.lineage import readable_entries
from training.models import Adapter, Evaluation, TrainingRun, Verification
from uno_site.accounts.models import ApiKey, Invitation, User
from uno_site.jobs.models import Job
from uno_site.uploads import uploads_dir


def print_addresses() -> None:
    """Print ``{role: {screen: address}}`` of this instance as JSON."""
    found: dict[str, dict[str, str]] = {}
    for role, screens in SCREENS.items():
        wanted = [*screens, *(FOR_ADMINS_TOO if role == "admin" else ())]
        user = User.objects.filter(username=role).first()
        addresses = {name: _address(name, user) for name in wanted}
        found[role] = {name: address for name, address in addresses.items() if address}
    sys.stdout.write(json.dumps(found) + "\n")


def _address(name: str, user: User | None) -> str:
    if name == "chat:find":
        return reverse(name) + "?q=bread"
    if name == "training:run_compare":
        runs = TrainingRun.objects.all()[:3]
        return (
            f"{reverse(name)}?{'&'.join(f'run={run.pk}' for run in runs)}" if len(runs) > 1 else ""
        )
    if name == "curation:role":
        return reverse(name, args=["judge"])
    if name == "curation:regroup":
        mergeable = Cluster.objects.current().filter(is_excluded=False, is_noise=False)
        entries = LogEntry.objects.usable().exclude(rules_embedding=None)
        usable = Count("entries", filter=Q(entries__in=entries))
        pair = mergeable.annotate(n=usable).filter(n__gt=0).order_by("-n", "pk")[:2]
        chosen = "&".join(f"cluster={cluster.pk}" for cluster in pair)
        return f"{reverse(name)}?kind=merge&{chosen}" if len(pair) == 2 else ""
    wanted = _examples(user).get(name)
    if wanted is None:
        return reverse(name)
    example = next(iter(wanted), None)
    return reverse(name, args=[example]) if example is not None else ""


def _examples(user: User | None) -> dict[str, Iterable[Any]]:
    """What a screen is about, by its name: keys of examples, the best one first."""

    def keys(rows: Any) -> Iterable[Any]:
        return rows.values_list("pk", flat=True)

    chats = keys(Conversation.objects.filter(user=user).exclude(leaf=None))
    clusters = keys(Cluster.objects.current().exclude(gap=None).order_by("is_noise", "created_at"))
    runs = keys(TrainingRun.objects.filter(verification__isnull=False))
    return {
        "accounts:invitation": Invitation.objects.values_list("token", flat=True),
        "accounts:api-key": keys(ApiKey.objects.filter(user=user)),
        "chat:conversation": chats,
        "chat:manage": chats,
        "chat:import-check": _uploads(user),
        "curation:import-check": _uploads(user),
        "curation:entry": keys(LogEntry.objects.filter(correction__isnull=False)),
        "curation:cluster": clusters,
        "curation:rules-item": keys(Rule.objects.filter(merged_into=None)),
        "curation:pairs-item": keys(PreferencePair.objects.order_by("-second_opinion")),
        "curation:note": keys(Experience.objects.filter(scope="global").order_by("-harmful")),
        "curation:note-edit": keys(Experience.objects.filter(scope="global")),
        "curation:refinement": keys(RefineRun.objects.all()),
        "experience:note": keys(Experience.objects.filter(owner=user, is_pinned=True)),
        "experience:reply-notes": keys(
            Message.objects.filter(conversation__user=user, experience_uses__isnull=False)
        ),
        "training:answer_sources": keys(
            Message.objects.filter(conversation__user=user, role="assistant").exclude(provenance={})
        ),
        "training:entry_answers": keys(readable_entries(user)) if user else (),
        "jobs:detail": keys(Job.objects.all()),
        "training:cluster_path": clusters,
        "training:erase_person": keys(User.objects.filter(role="user").order_by("username")),
        "training:run_detail": runs,
        "training:verification": keys(
            TrainingRun.objects.filter(pk__in=Verification.objects.values("run"))
        ),
        "training:adapter_detail": keys(Adapter.objects.all()),
        "training:table_detail": keys(RouteTable.objects.all()),
        "training:evaluation_detail": keys(Evaluation.objects.all()),
        "training:evaluation_answers": keys(Evaluation.objects.all()),
    }


def _uploads(user: User | None) -> list[str]:
    """Files of ``user`` that wait to be imported."""
    facts = sorted(uploads_dir().glob("*.json")) if uploads_dir().exists() else []
    owner = str(user.pk) if user else ""
    mine = [path for path in facts if json.loads(path.read_text())["owner"] == owner]
    return [path.name.split(".")[0] for path in mine]
