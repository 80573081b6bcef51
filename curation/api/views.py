"""The curation room over the API, for curators and admins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from curation.models import Cluster, LogEntry, PreferencePair, Rule
from curation.services import review
from uno_site.api.bodies import valid_body
from uno_site.api.permissions import IsCurator
from uno_site.errors import InvalidInput

from . import serializers as s

STATE = OpenApiParameter("state", str, description="Only rows in this state.")
CLUSTER = OpenApiParameter("cluster", str, description="Only rows of this cluster (its id).")


class CuratedViewSet(viewsets.ReadOnlyModelViewSet):
    """Rows of the curation room; ``?state=`` filters where rows have one."""

    permission_classes = [IsCurator]

    def get_queryset(self) -> Any:
        """The rows that the caller may see."""
        rows = self.queryset.model.objects.visible_to(self.request.user)
        state = self.request.query_params.get("state")
        return rows.filter(state=state) if state else rows


class Excludable:
    """Entries and clusters can be kept out of training."""

    @extend_schema(request=s.ExcludeSerializer)
    @action(detail=True, methods=["post"])
    def exclude(self, request: Request, pk: str | None = None) -> Response:
        """Keep it out of training, or let it in again."""
        body = valid_body(s.ExcludeSerializer, request)
        row = self.get_object()
        review.subject_exclude(subject=row, by=request.user, **body)
        return Response(self.get_serializer(row).data)


class LogEntryViewSet(Excludable, CuratedViewSet):
    """Log entries."""

    queryset = LogEntry.objects.all()
    serializer_class = s.LogEntrySerializer

    @extend_schema(parameters=[STATE, CLUSTER])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Log entries, newest first."""
        return super().list(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        """The entries that the caller may see, of one cluster if asked."""
        rows, cluster = super().get_queryset(), self.request.query_params.get("cluster")
        return rows.filter(cluster_id=_id(cluster)) if cluster else rows


def _id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError as error:
        raise InvalidInput(
            f"{given[:80]!r} is no id.", remedy="Give one that the API's lists show."
        ) from error


class ClusterViewSet(Excludable, viewsets.ReadOnlyModelViewSet):
    """The clusters of the latest clustering."""

    queryset = Cluster.objects.all()
    serializer_class = s.ClusterSerializer
    permission_classes = [IsCurator]

    def get_queryset(self) -> Any:
        """The current clusters."""
        return Cluster.objects.current().visible_to(self.request.user)


class ReviewViewSet(CuratedViewSet):
    """Something to decide on: approve, reject, skip, reopen, edit."""

    @extend_schema(parameters=[STATE])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Oldest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str | None = None) -> Response:
        """Let it train."""
        return self._decide(request, review.item_approve)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str | None = None) -> Response:
        """Keep it from training."""
        return self._decide(request, review.item_reject)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str | None = None) -> Response:
        """Put it at the end of the queue."""
        return self._decide(request, review.item_skip)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str | None = None) -> Response:
        """Take a decision back."""
        return self._decide(request, review.item_reopen)

    def _decide(self, request: Request, service: Callable[..., Any]) -> Response:
        item = service(item=self.get_object(), by=request.user)
        return Response(self.get_serializer(item).data)


class RuleViewSet(ReviewViewSet):
    """Rules."""

    queryset = Rule.objects.all()
    serializer_class = s.RuleSerializer

    @extend_schema(request=s.RuleEditSerializer)
    @action(detail=True, methods=["post"])
    def edit(self, request: Request, pk: str | None = None) -> Response:
        """Approve it in other words."""
        body = valid_body(s.RuleEditSerializer, request)
        rule = review.rule_edit(rule=self.get_object(), by=request.user, **body)
        return Response(self.get_serializer(rule).data)


class PairViewSet(ReviewViewSet):
    """Preference pairs."""

    queryset = PreferencePair.objects.all()
    serializer_class = s.PairSerializer

    def get_queryset(self) -> Any:
        """The pairs, with their entries."""
        return super().get_queryset().select_related("entry")

    @extend_schema(request=s.PairEditSerializer)
    @action(detail=True, methods=["post"])
    def edit(self, request: Request, pk: str | None = None) -> Response:
        """Approve it with another better answer."""
        body = valid_body(s.PairEditSerializer, request)
        pair = review.pair_edit(pair=self.get_object(), by=request.user, **body)
        return Response(self.get_serializer(pair).data)
