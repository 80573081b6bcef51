"""Notes over the API: one's own, and those that are shared with one."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from chat.experience.models import Experience
from chat.experience.services.notes import (
    note_create,
    note_delete,
    note_dispute,
    note_edit,
    note_pin,
    note_switch,
)
from chat.experience.services.switches import user_switch, user_switch_set
from chat.models import Message
from uno_site.api.bodies import valid_body

from . import serializers as s


class NoteViewSet(viewsets.ReadOnlyModelViewSet):
    """The caller's notes, and those that are shared with them."""

    queryset = Experience.objects.all()
    serializer_class = s.NoteSerializer

    def get_queryset(self) -> Any:
        """Those that the caller may read."""
        return Experience.objects.visible_to(self.request.user).defer("vector", "content_vector")

    def _own(self) -> Experience:
        own = Experience.objects.owned_by(self.request.user)
        return get_object_or_404(own, pk=self.get_object().pk)

    def _answer(self, note: Experience, status: int = 200) -> Response:
        return Response(self.get_serializer(note).data, status=status)

    @extend_schema(request=s.NoteWriteSerializer, responses={201: s.NoteSerializer})
    def create(self, request: Request) -> Response:
        """Write a note; it serves the caller's replies at once."""
        note = note_create(owner=request.user, **valid_body(s.NoteWriteSerializer, request))
        return self._answer(note, 201)

    @extend_schema(request=s.NoteChangeSerializer, responses=s.NoteSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change the text of one's note, pin it, or switch it on or off."""
        note, values = self._own(), valid_body(s.NoteChangeSerializer, request)
        text = {name: values.get(name, getattr(note, name)) for name in _TEXT}
        if values.keys() & set(_TEXT):
            note = note_edit(note=note, by=request.user, **text)
        if "is_pinned" in values:
            note = note_pin(note=note, by=request.user, is_pinned=values["is_pinned"])
        if "is_on" in values:
            note = note_switch(note=note, by=request.user, is_on=values["is_on"])
        return self._answer(note)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Delete one's note, with its history."""
        note_delete(note=self._own(), by=request.user)
        return Response(status=204)

    @extend_schema(request=s.NoteDisputeSerializer, responses=s.NoteSerializer)
    @action(detail=True, methods=["post"])
    def dispute(self, request: Request, pk: str | None = None) -> Response:
        """Say that a note is wrong: one's own is set aside, of a shared one curators are told."""
        key = valid_body(s.NoteDisputeSerializer, request)["message"]
        own = Message.objects.visible_to(request.user)
        message = get_object_or_404(own, pk=key) if key else None
        return self._answer(note_dispute(note=self.get_object(), by=request.user, message=message))

    @extend_schema(responses=s.NoteSwitchSerializer)
    @action(detail=False, methods=["get"], pagination_class=None)
    def switches(self, request: Request) -> Response:
        """Where notes are used for the caller."""
        return Response(s.NoteSwitchSerializer(user_switch(request.user.pk)).data)

    @extend_schema(request=s.NoteSwitchSerializer, responses=s.NoteSwitchSerializer)
    @switches.mapping.patch
    def set_switches(self, request: Request) -> Response:
        """Switch notes on or off for the caller."""
        choices = valid_body(s.NoteSwitchSerializer, request, partial=True)
        switch = user_switch_set(user=request.user, **choices)
        return Response(s.NoteSwitchSerializer(switch).data)


_TEXT = ("matching", "trigger", "content", "kind")
