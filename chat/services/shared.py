"""The shared adapter in the chat: publishing it for everybody, and finding it again."""

from __future__ import annotations

from uuid import UUID

from chat.models import SharedRoute
from uno_site.engine_clients import adapter_source
from uno_site.runtime.services import runtime_setting


def shared_route_active() -> SharedRoute | None:
    """The adapter that answers where no other does, or None where the base model shall."""
    return SharedRoute.objects.first() if runtime_setting("shared_adapter") else None


@adapter_source
def shared_adapters() -> dict[str, str]:
    """The published one, name to path: every engine should have it loaded."""
    route = shared_route_active()
    return {route.adapter_name: route.adapter_path} if route is not None else {}


def shared_route_set(*, adapter_id: UUID, name: str, version: int, path: str) -> SharedRoute:
    """Answer with a version from now on; replies in progress end as they began."""
    values = {
        "adapter_id": adapter_id,
        "adapter_name": name,
        "adapter_version": version,
        "adapter_path": path,
    }
    route, _created = SharedRoute.objects.update_or_create(scope="everybody", defaults=values)
    return route


def shared_route_clear() -> bool:
    """Answer with the base model again; whether there was a shared adapter."""
    return bool(SharedRoute.objects.all().delete()[0])
