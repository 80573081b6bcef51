"""The instance's curation policy."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction

from curation.models import CurationPolicy
from curation.services.gaps import gap_routes_apply
from uno_site.audit.models import AuditEvent

FIELDS = (
    "auto_approve_rules",
    "auto_approve_pairs",
    "gap_threshold",
    "clustering_rule",
    "recluster_share",
    "route_policy",
    "promotion_rule",
    "distil_on_feedback",
)
POLICY_ID = uuid.UUID(int=1)
"""The policy is one row with the key 1; the audit trail wants a UUID."""


@transaction.atomic
def policy_update(*, values: dict[str, Any], by: Any) -> CurationPolicy:
    """Change the policy; what changed is recorded."""
    policy = CurationPolicy.current()
    before = {name: getattr(policy, name) for name in FIELDS}
    for name in FIELDS:
        setattr(policy, name, values.get(name, before[name]))
    policy.updated_by = by
    policy.full_clean()
    policy.save()
    gap_routes_apply()
    changed = {
        name: {"before": before[name], "after": getattr(policy, name)}
        for name in FIELDS
        if before[name] != getattr(policy, name)
    }
    AuditEvent.objects.create(
        actor=by,
        action="policy.update",
        subject_type="curation.curationpolicy",
        subject_id=POLICY_ID,
        data=changed,
    )
    return policy
