"""Which entry of the main navigation a screen belongs to."""

from __future__ import annotations

from django.urls import ResolverMatch

#: The rooms' own entries. A screen listed below stands elsewhere than its room.
ROOMS = {
    "chat": "chat",
    "experience": "chat",
    "curation": "curation",
    "training": "training",
    "jobs": "jobs",
    "runtime": "people",
}
SCREENS = {
    "accounts:users": "people",
    "accounts:consents": "people",
    "accounts:invitations": "people",
    "accounts:api-keys-all": "people",
    "curation:roles": "roles",
    "curation:role": "roles",
    "training:answer_sources": "chat",
    "training:entry_answers": "chat",
    "training:erase_person": "people",
    "training:learned": "chat",
    "training:personal": "chat",
}


def section_of(match: ResolverMatch | None) -> str:
    """The entry that a screen is shown under; empty where there is none, such as a 404."""
    if match is None:
        return ""
    return SCREENS.get(match.view_name) or ROOMS.get(match.app_name, "")
