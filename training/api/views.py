"""The training room over the API: curators read, admins act."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from chat.models import RouteTable
from curation.models import Cluster
from training.models import Adapter, Promotion, TrainingRun
from training.services.canary import canary_serve, canary_stop
from training.services.promotion import promote, rollback
from training.services.run_control import run_cancel, run_pause, run_resume
from uno_site.api.bodies import valid_body
from uno_site.api.permissions import ReadAsCuratorActAsAdmin
from uno_site.jobs.api import JobSerializer
from uno_site.jobs.services import job_enqueue

from . import serializers as s


class TrainingViewSet(viewsets.ReadOnlyModelViewSet):
    """Rows of the training room."""

    permission_classes = [ReadAsCuratorActAsAdmin]

    def get_queryset(self) -> Any:
        """The rows that the caller may see."""
        return self.queryset.model.objects.visible_to(self.request.user)


class RunViewSet(TrainingViewSet):
    """Training runs with their verification."""

    queryset = TrainingRun.objects.all()
    serializer_class = s.RunSerializer

    @extend_schema(request=s.RunStartSerializer, responses={202: JobSerializer})
    @action(detail=False, methods=["post"])
    def start(self, request: Request) -> Response:
        """Queue the training and verification of one cluster's adapter."""
        wanted = valid_body(s.RunStartSerializer, request)
        clusters = Cluster.objects.current().visible_to(request.user)
        cluster = get_object_or_404(clusters, pk=wanted["cluster"])
        params = {"cluster": str(cluster.pk), "seed": wanted["seed"]}
        if "kind" in wanted:
            params["kind"] = wanted["kind"]
        job = job_enqueue(kind="training.run", params=params, by=request.user)
        return Response(JobSerializer(job).data, status=202)

    @extend_schema(request=None, responses=s.RunSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str | None = None) -> Response:
        """Stop the run for a while."""
        return self._act(request, run_pause)

    @extend_schema(request=None, responses=s.RunSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str | None = None) -> Response:
        """Go on with a run that stopped."""
        return self._act(request, run_resume)

    @extend_schema(request=None, responses=s.RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Stop the run."""
        return self._act(request, run_cancel)

    def _act(self, request: Request, service: Any) -> Response:
        run = self.get_object()
        service(run=run, by=request.user)
        run.refresh_from_db()
        return Response(self.get_serializer(run).data)


class AdapterViewSet(TrainingViewSet):
    """The adapter registry."""

    queryset = Adapter.objects.all()
    serializer_class = s.AdapterSerializer


class PromotionViewSet(TrainingViewSet):
    """What was promoted and rolled back, by whom and why."""

    queryset = Promotion.objects.all()
    serializer_class = s.PromotionSerializer

    @extend_schema(request=s.PromoteSerializer, responses={201: s.PromotionSerializer})
    @action(detail=False, methods=["post"])
    def promote(self, request: Request) -> Response:
        """Serve accepted adapters, each for its cluster."""
        wanted = valid_body(s.PromoteSerializer, request)
        promotion = promote(
            wanted["adapters"],
            request.user,
            wanted["reason"],
            is_wide_allowed=wanted["is_wide_allowed"],
        )
        return Response(s.PromotionSerializer(promotion).data, status=201)

    @extend_schema(request=s.CanarySerializer, responses={201: s.PromotionSerializer})
    @action(detail=False, methods=["post"])
    def canary(self, request: Request) -> Response:
        """Serve an accepted adapter to a share of its cluster's conversations, or to none."""
        body = valid_body(s.CanarySerializer, request)
        adapter, percent = body["adapter"], body["percent"]
        reason = body["reason"]
        if percent:
            promotion = canary_serve(adapter, percent, request.user, reason)
        else:
            promotion = canary_stop(adapter, request.user, reason)
        return Response(s.PromotionSerializer(promotion).data, status=201)

    @extend_schema(request=s.RollbackSerializer, responses={201: s.PromotionSerializer})
    @action(detail=False, methods=["post"])
    def rollback(self, request: Request) -> Response:
        """Publish anew what an older version held."""
        body = valid_body(s.RollbackSerializer, request)
        version = body.get("version")
        table = get_object_or_404(RouteTable, version=version) if version else None
        promotion = rollback(request.user, to=table, reason=body["reason"])
        return Response(s.PromotionSerializer(promotion).data, status=201)


class RouteTableViewSet(viewsets.ReadOnlyModelViewSet):
    """The published versions of the routes, the newest first."""

    queryset = RouteTable.objects.prefetch_related("routes")
    serializer_class = s.RouteTableSerializer
    permission_classes = [ReadAsCuratorActAsAdmin]
