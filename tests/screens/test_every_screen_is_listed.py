"""No page is forgotten: each address that shows one is among the screens that are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

from tests.screens.roles import SCREENS

ROOMS = (
    "accounts",
    "audit",
    "chat",
    "curation",
    "design_system",
    "experience",
    "jobs",
    "runtime",
    "training",
)
#: Addresses that show no page of their own.
NO_PAGE = {
    # fragments, of which the page is looked at
    "chat:search",
    "chat:thread",
    "chat:message",
    "curation:accounting",
    "curation:what-if",
    "curation:similar",
    "curation:map-entry",
    "curation:map-points",
    "curation:regroup-points",
    "training:run_samples",
    # downloads
    "accounts:consents-file",
    "chat:export",
    "chat:export-all",
    "curation:export-data",
    "curation:export-provenance",
    "curation:note-file",
    "curation:receipt",
    "training:adapter_download",
    "training:evaluation_export",
    "experience:export",
    # there only while nobody has an account, or where an admin opens it; like the invitation's
    "accounts:signup",
    # what is done by pressing a button, and the forms that open in place without a page
    "accounts:logout",
    "accounts:language",
    "accounts:api-key-revoke",
    "accounts:invitation-revoke",
    "accounts:personal-switch",
    "chat:act",
    "chat:preference-add",
    "chat:preference-change",
    "chat:preference-delete",
    "chat:preferences-forget",
    "chat:preferences-switch",
    "accounts:user-active",
    "accounts:user-quota",
    "accounts:user-role",
    "chat:archive",
    "chat:correct",
    "chat:delete",
    "chat:explain",
    "chat:file",
    "chat:import",
    "chat:pin",
    "chat:regenerate",
    "chat:rename",
    "chat:restore",
    "chat:revise",
    "chat:send",
    "chat:show",
    "chat:start",
    "chat:stop",
    "chat:vote",
    "curation:cluster-exclude",
    "curation:cluster-exclude-members",
    "curation:cluster-noise",
    "curation:cluster-rename",
    "curation:entry-exclude",
    "curation:entry-retry",
    "curation:import-discard",
    "curation:pairs-decide",
    "curation:process",
    "curation:note-act",
    "curation:note-import",
    "curation:note-origin",
    "curation:note-origin-switch",
    "curation:refinement-decide",
    "curation:refinement-plan",
    "curation:undo",
    "curation:regroup-apply",
    "curation:cluster-release",
    "curation:pairs-bulk",
    "curation:pairs-claim",
    "curation:pairs-release",
    "curation:pairs-comment",
    "curation:pairs-comment-delete",
    "curation:rules-bulk",
    "curation:rules-claim",
    "curation:rules-release",
    "curation:rules-comment",
    "curation:rules-comment-delete",
    "curation:roles-check",
    "curation:rules-decide",
    "experience:conversation-switch",
    "experience:delete",
    "experience:dispute",
    "experience:import",
    "experience:pin",
    "experience:switch",
    "experience:switches",
    "jobs:cancel",
    "jobs:retry",
    "jobs:start",
    "training:arm_retire",
    "training:edits_learn",
    "training:personal_delete",
    "training:personal_use",
    "training:adapter_promote",
    "training:adapter_retire",
    "training:adapter_stop_canary",
    "training:evaluation_start",
    "training:learn",
    "training:learned_allow",
    "training:learned_withdraw",
    "training:retrain",
    "training:retrain_some",
    "training:rollback",
    "training:run_cancel",
    "training:run_pause",
    "training:run_resume",
    "training:shared_learn",
    "training:shared_off",
    "training:shared_use",
}


def names(resolver: Any, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}:{pattern.name}"
        elif pattern.namespace in ROOMS:
            yield from names(pattern, pattern.namespace)


def test_every_address_is_a_screen_or_known_to_show_none() -> None:
    ours = {name for name in names(get_resolver()) if not name.startswith(":")}
    listed = {name for screens in SCREENS.values() for name in screens}
    assert ours - listed - NO_PAGE == set(), "Add it to tests/screens/roles.py, or to NO_PAGE."
    assert (listed | NO_PAGE) - ours == set()
