"""Reading and changing the settings of :mod:`uno_site.runtime.options`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from uno_site.audit.services import audit_record
from uno_site.errors import InvalidInput

from .models import RuntimeSetting
from .options import OPTIONS, Option

_CACHE_KEY = "runtime-settings"
#: Other processes follow a change within so many seconds, where they share no cache.
CACHE_SECONDS = 5


def runtime_setting(name: str) -> Any:
    """The value that holds now: what an admin set, or the default."""
    option = OPTIONS[name]
    changed = _changed()
    return changed[name] if name in changed else option.default()


def runtime_values() -> dict[str, Any]:
    """Every setting's value, in the order of the page."""
    changed = _changed()
    return {name: changed.get(name, option.default()) for name, option in OPTIONS.items()}


@transaction.atomic
def runtime_settings_change(*, values: Mapping[str, Any], by: Any) -> list[str]:
    """Set several settings at once; one that gets its default is no longer kept.

    Returns
    -------
    The names of those that changed.

    Raises
    ------
    InvalidInput
        A setting that is not known, or a value out of its range; nothing is changed.
    """
    checked = {name: checked_value(name, value) for name, value in values.items()}
    # Not from the cache: another process may have changed something a moment ago.
    now = {name: option.default() for name, option in OPTIONS.items()} | _stored()
    changed = [name for name, value in checked.items() if value != now[name]]
    for name in changed:
        _change(OPTIONS[name], checked[name], now[name], by)
    transaction.on_commit(lambda: cache.delete(_CACHE_KEY))
    cache.delete(_CACHE_KEY)
    return changed


def checked_value(name: str, value: Any) -> Any:
    """``value`` if the setting may have it.

    Raises
    ------
    InvalidInput
        It may not.
    """
    option = OPTIONS.get(name)
    if option is None:
        raise InvalidInput(_("There is no setting “%(name)s”.") % {"name": name})
    if option.kind == "switch":
        is_fit = isinstance(value, bool)
    elif option.kind == "choice":
        is_fit = value in dict(option.choices)
    else:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        is_fit = is_number and option.minimum <= value <= option.maximum
    if not is_fit:
        raise InvalidInput(
            _("“%(title)s” cannot be %(value)s.") % {"title": option.title, "value": value},
            remedy=_remedy(option),
        )
    return value


def _remedy(option: Option) -> str:
    if option.kind == "number":
        return _("Give a whole number from %(low)s to %(high)s.") % {
            "low": option.minimum,
            "high": option.maximum,
        }
    return _("Choose one of: %(known)s.") % {"known": ", ".join(dict(option.choices))}


def _change(option: Option, value: Any, before: Any, by: Any) -> None:
    row = RuntimeSetting.objects.filter(name=option.name).first()
    row = row or RuntimeSetting(name=option.name)
    row.value, row.changed_by = value, by if getattr(by, "pk", None) else None
    row.save()
    audit_record(
        actor=by,
        action="setting.change",
        subject=row,
        data={"name": option.name, "from": before, "to": value},
    )
    if value == option.default():
        row.delete()


def _changed() -> dict[str, Any]:
    found = cache.get(_CACHE_KEY)
    if found is None:
        found = _stored()
        cache.set(_CACHE_KEY, found, timeout=CACHE_SECONDS)
    return found


def _stored() -> dict[str, Any]:
    """What admins set, by name."""
    return dict(RuntimeSetting.objects.filter(name__in=OPTIONS).values_list("name", "value"))
