"""The experience store over the API, for curators and admins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from chat.experience.models import Experience, Kind, RefineRun, Scope, Status
from chat.experience.services.notes import note_pin
from curation.experience.editing import curated_edit, last_change_undo
from curation.experience.forms import NoteFilter
from curation.experience.promotion import candidate_decide, note_promote, note_recall
from curation.experience.refining import refine_apply, refine_decline, refine_revert
from curation.experience.selectors import note_list, runs_visible_to
from uno_site.api.bodies import valid_body
from uno_site.api.permissions import IsCurator
from uno_site.errors import InvalidInput
from uno_site.jobs.api import JobSerializer
from uno_site.jobs.services import job_enqueue

from . import note_serializers as s

TEXT = ("matching", "trigger", "content", "kind")
FILTERS = [
    OpenApiParameter("q", str, description="Words in the note."),
    OpenApiParameter("status", str, enum=Status.values),
    OpenApiParameter("scope", str, enum=Scope.values),
    OpenApiParameter("kind", str, enum=Kind.values),
    OpenApiParameter("disputed", str, enum=["yes"], description="Only those said to be wrong."),
]


class CuratedNoteViewSet(viewsets.ReadOnlyModelViewSet):
    """Shared notes, and learned ones of people who agreed; nobody's own words for themselves."""

    queryset = Experience.objects.all()
    serializer_class = s.CuratedNoteSerializer
    permission_classes = [IsCurator]

    def get_queryset(self) -> Any:
        """The notes that the caller may see."""
        return note_list(self.request.user)

    def filter_queryset(self, rows: Any) -> Any:
        """The same filters as the screen's."""
        form = NoteFilter(self.request.query_params)
        if not form.is_valid():
            name, problems = next(iter(form.errors.items()))
            raise InvalidInput(f"{name}: {problems[0]}", remedy="See the parameters' values.")
        return form.apply(super().filter_queryset(rows))

    def _answer(self) -> Response:
        """The note as it is now; 204 where it is no longer the curator's to see."""
        note = self.get_queryset().filter(pk=self.kwargs["pk"]).first()
        return Response(self.get_serializer(note).data) if note else Response(status=204)

    @extend_schema(parameters=FILTERS)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Notes, the latest changed first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=s.CuratedNoteChangeSerializer, responses=s.CuratedNoteSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change a note's text, or keep it whatever refinement says."""
        note, values = self.get_object(), valid_body(s.CuratedNoteChangeSerializer, request)
        if values.keys() & set(TEXT):
            text = {name: values.get(name, getattr(note, name)) for name in TEXT}
            note = curated_edit(note=note, by=request.user, values=text)
        if "is_pinned" in values:
            note_pin(note=note, by=request.user, is_pinned=values["is_pinned"])
        return self._answer()

    @extend_schema(request=None, responses=s.CuratedNoteSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str | None = None) -> Response:
        """Let a note that waits serve."""
        candidate_decide(note=self.get_object(), by=request.user, is_approved=True)
        return self._answer()

    @extend_schema(request=None, responses=s.CuratedNoteSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str | None = None) -> Response:
        """Keep a note that waits from serving."""
        candidate_decide(note=self.get_object(), by=request.user, is_approved=False)
        return self._answer()

    @extend_schema(request=s.NoteShareSerializer, responses=s.CuratedNoteSerializer)
    @action(detail=True, methods=["post"])
    def share(self, request: Request, pk: str | None = None) -> Response:
        """Share a note with a group, or with everybody; 409 says why it may not be."""
        group = valid_body(s.NoteShareSerializer, request)["group"]
        note_promote(note=self.get_object(), by=request.user, group=group)
        return self._answer()

    @extend_schema(request=None, responses=s.CuratedNoteSerializer)
    @action(detail=True, methods=["post"])
    def recall(self, request: Request, pk: str | None = None) -> Response:
        """Take a shared note out of use at once."""
        note_recall(note=self.get_object(), by=request.user)
        return self._answer()

    @extend_schema(request=None, responses=s.CuratedNoteSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str | None = None) -> Response:
        """Take back the latest change of a note."""
        last_change_undo(note=self.get_object(), by=request.user)
        return self._answer()


class RefinementViewSet(viewsets.ReadOnlyModelViewSet):
    """Refinements of the store: planned, read, applied, taken back."""

    queryset = RefineRun.objects.all()
    permission_classes = [IsCurator]

    def get_queryset(self) -> Any:
        """The refinements, the latest first."""
        return runs_visible_to(self.request.user)

    def get_serializer_class(self) -> type[Serializer]:
        """A list goes without the plans."""
        return s.RefinementSerializer if self.action == "list" else s.RefinementPlanSerializer

    @extend_schema(request=None, responses={202: JobSerializer})
    def create(self, request: Request) -> Response:
        """Plan a refinement now rather than at night; the job's result names it."""
        job = job_enqueue(kind="experience.refine", by=request.user)
        return Response(JobSerializer(job).data, status=202)

    @extend_schema(request=None, responses=s.RefinementPlanSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str | None = None) -> Response:
        """Do what the plan says, but for notes that were changed since."""
        return self._decide(request, refine_apply)

    @extend_schema(request=None, responses=s.RefinementPlanSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str | None = None) -> Response:
        """Leave everything as it is."""
        return self._decide(request, refine_decline)

    @extend_schema(request=None, responses=s.RefinementPlanSerializer)
    @action(detail=True, methods=["post"])
    def revert(self, request: Request, pk: str | None = None) -> Response:
        """Take back everything that it did."""
        return self._decide(request, refine_revert)

    def _decide(self, request: Request, service: Callable[..., RefineRun]) -> Response:
        run = service(run=self.get_object(), by=request.user)
        return Response(self.get_serializer(run).data)
