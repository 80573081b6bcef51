"""What the Roles page shows."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from curation.models import RoleBinding, RoleCheck, RoleName
from curation.roles.bindings import binding_list
from curation.roles.checks import CHECKS
from curation.roles.strategies import STRATEGIES, Strategy, fallback_of
from uno_site.engine_clients import base_model_name


@dataclass(frozen=True, slots=True)
class StrategyLine:
    """One strategy of a role with its latest check."""

    strategy: Strategy
    check: RoleCheck | None
    is_active: bool
    bar: str


@dataclass(frozen=True, slots=True)
class RoleOverview:
    """One role: who does it, how, and on what grounds."""

    key: str
    label: str
    binding: RoleBinding
    model: str
    active: Strategy | None
    is_fallback: bool
    is_checkable: bool
    lines: list[StrategyLine]


def roles_overview() -> list[RoleOverview]:
    """All roles in the order in which the loop uses them."""
    return [_overview(binding) for binding in binding_list()]


def _overview(binding: RoleBinding) -> RoleOverview:
    role = RoleName(binding.role)
    latest: dict[str, RoleCheck] = {}
    for check in binding.checks.order_by("at"):
        latest[check.strategy] = check
    strategies = STRATEGIES[role]
    is_checkable = any(key[0] == role for key in CHECKS)
    active_key = binding.active if is_checkable else fallback_of(role).key
    return RoleOverview(
        key=role.value,
        label=str(role.label),
        binding=binding,
        model=binding.model or (_("the first one") if binding.engine_url else base_model_name()),
        active=next((s for s in strategies if s.key == active_key), None),
        is_fallback=is_checkable and active_key == fallback_of(role).key,
        is_checkable=is_checkable,
        lines=[
            StrategyLine(
                s, latest.get(s.key), s.key == active_key, _bar(role, s, latest.get(s.key))
            )
            for s in strategies
        ],
    )


def _bar(role: RoleName, strategy: Strategy, check: RoleCheck | None) -> str:
    if strategy.bar is None:
        return "–"
    if check is not None and check.bar != strategy.bar:
        return f"≥ {check.bar:.0%}"
    if role in (RoleName.JUDGE, RoleName.GAP_SCORER):
        return _("low end > %(bar)s") % {"bar": f"{strategy.bar:.0%}"}
    return f"≥ {strategy.bar:.0%}"
