"""Which screens there are, and who visits them."""

from __future__ import annotations

#: Screens by who visits them; each role also has those of the ones before it.
STRANGER = ("accounts:login", "accounts:invitation")
USER = (
    "chat:home",
    "chat:conversation",
    "chat:find",
    "chat:archive-list",
    "chat:data",
    "chat:preferences",
    "chat:import-check",
    "chat:manage",
    "accounts:profile",
    "accounts:password",
    "accounts:consent",
    "accounts:api-keys",
    "accounts:api-key",
    "training:personal",
    "training:learned",
    "training:answer_sources",
    "training:entry_answers",
)
CURATOR = (
    "curation:overview",
    "curation:entries",
    "curation:entry",
    "curation:rules",
    "curation:pairs",
    "curation:rules-item",
    "curation:pairs-item",
    "curation:agreement",
    "curation:map",
    "curation:regroup",
    "curation:clusters",
    "curation:cluster",
    "curation:roles",
    "curation:policy",
    "curation:import",
    "curation:import-check",
    "curation:export",
    "jobs:list",
    "jobs:detail",
    "training:dashboard",
    "training:figures",
    "training:cluster_path",
    "training:run_list",
    "training:run_detail",
    "training:run_compare",
    "training:verification",
    "training:adapter_list",
    "training:adapter_detail",
    "training:routes",
    "training:table_detail",
    "training:engines",
)
ADMIN = (
    "curation:role",
    "accounts:users",
    "accounts:consents",
    "accounts:invitations",
    "accounts:api-keys-all",
    "audit:list",
    "runtime:settings",
    "training:adapter_upload",
    "training:evaluation_list",
    "training:evaluation_detail",
    "training:evaluation_answers",
)
SCREENS = {"": STRANGER, "user": USER, "curator": CURATOR, "admin": ADMIN}
#: Screens that look alike for everybody who sees them, but are drawn for the admin as well,
#: who has more to press there.
FOR_ADMINS_TOO = (
    "curation:policy",
    "curation:clusters",
    "curation:cluster",
    "training:dashboard",
    "training:run_detail",
    "training:adapter_detail",
    "training:routes",
    "jobs:detail",
)
