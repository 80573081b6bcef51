"""Which model does a role: the served one, or another engine's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from curation.models import RoleBinding, RoleName
from curation.roles.strategies import AUTO, find_strategy
from uno_site import engine_clients
from uno_site.audit.services import audit_record
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import InferenceClient

BINDING_FIELDS = ("engine_url", "engine_token", "model", "requested")


@dataclass(frozen=True, slots=True)
class BoundModel:
    """A client and the model to ask it for."""

    client: InferenceClient
    model: str


def binding_get(role: str) -> RoleBinding:
    """The role's binding; bound to the served model until somebody changes it."""
    return RoleBinding.objects.get_or_create(role=RoleName(role))[0]


def binding_list() -> list[RoleBinding]:
    """The bindings of all roles, in the order in which the loop uses them."""
    return [binding_get(role) for role in RoleName]


def bound_model(role: str) -> BoundModel:
    """The client and the model of a role.

    Raises
    ------
    EngineUnreachable
        Nobody answers at the bound URL; the text names it.
    EngineRefused
        The engine there serves no model.
    """
    binding = binding_get(role)
    if not binding.engine_url:
        name = binding.model or engine_clients.base_model_name()
        return BoundModel(engine_clients.served_client(), name)
    client = HttpClient(binding.engine_url.rstrip("/"), token=binding.engine_token)
    return BoundModel(client, binding.model or _first_model(client))


def _first_model(client: InferenceClient) -> str:
    models = client.models()
    if not models:
        raise EngineRefused(
            f"The engine at {client.base_url} serves no model.", remedy="Load one there."
        )
    return models[0].id


@transaction.atomic
def binding_update(*, binding: RoleBinding, values: dict[str, Any], by: Any) -> RoleBinding:
    """Bind a role anew; what was measured before no longer counts, so it is checked again.

    An empty ``engine_token`` keeps the one that is stored, unless the URL changed.
    """
    before = {name: getattr(binding, name) for name in BINDING_FIELDS}
    new = {**before, **{k: v for k, v in values.items() if k in BINDING_FIELDS}}
    if not new["engine_token"] and new["engine_url"] == before["engine_url"]:
        new["engine_token"] = before["engine_token"]
    if new["requested"] != AUTO:
        find_strategy(binding.role, new["requested"])
    for name in BINDING_FIELDS:
        setattr(binding, name, new[name])
    binding.checked_at, binding.error = None, ""
    binding.full_clean()
    binding.save()
    shown = [name for name in BINDING_FIELDS if name != "engine_token"]
    changes = {n: [before[n], new[n]] for n in shown if before[n] != new[n]}
    audit_record(actor=by, action="role.bind", subject=binding, data=changes)
    return binding
