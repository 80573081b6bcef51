"""Evaluations: the list, one with its charts, its answers side by side; for admins only."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST

from training import evaluation_selectors as selectors
from training.evaluation.methods.catalogue import METHODS
from training.evaluation.sets.outside import SIZES
from training.evaluation.sets.registry import known_sets
from training.models import Evaluation
from training.services.evaluation.export import EXPORTS
from uno_site.accounts.permissions import admin_required
from uno_site.jobs.services import job_enqueue

PAGE_SIZE = 25
ITEMS_ON_A_PAGE = 5
MAX_SEEDS = 10
COLUMNS = (
    (_lazy("Set"), ""),
    (_lazy("State"), ""),
    (_lazy("Methods"), "right"),
    (_lazy("Seeds"), "right"),
    (_lazy("Took"), "right"),
    (_lazy("Made"), ""),
)


@admin_required
def evaluation_list(request: HttpRequest) -> HttpResponse:
    """Evaluations, newest first, and a form to start one."""
    evaluations = Evaluation.objects.visible_to(request.user).select_related("job")
    context = {
        "page": Paginator(evaluations, PAGE_SIZE).get_page(request.GET.get("page")),
        "columns": COLUMNS,
        "methods": METHODS.values(),
        "sets": known_sets(),
        "sizes": SIZES,
        "max_seeds": MAX_SEEDS,
    }
    return render(request, "training/evaluation_list.html", context)


@admin_required
@require_POST
def evaluation_start(request: HttpRequest) -> HttpResponse:
    """Queue an evaluation as a job."""
    params = selectors.evaluation_params(request.POST, MAX_SEEDS)
    job = job_enqueue(kind="training.evaluate", params=params, by=request.user)
    return redirect("jobs:detail", job.pk)


@admin_required
def evaluation_detail(request: HttpRequest, evaluation_id: UUID) -> HttpResponse:
    """One evaluation: bars with intervals, the curve over batches, costs, topics, routes."""
    evaluation = _evaluation_or_404(request, evaluation_id)
    context = {"evaluation": evaluation, **selectors.evaluation_view(evaluation)}
    return render(request, "training/evaluation_detail.html", context)


@admin_required
def evaluation_answers(request: HttpRequest, evaluation_id: UUID) -> HttpResponse:
    """Answers of the chosen methods to the same prompts, side by side."""
    evaluation = _evaluation_or_404(request, evaluation_id)
    chosen = selectors.shown_methods(evaluation, request.GET.getlist("method"))
    topic = request.GET.get("topic", "")
    items = selectors.evaluation_items(evaluation, topic)
    page = Paginator(items, ITEMS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "evaluation": evaluation,
        "page": page,
        "samples": selectors.evaluation_samples(evaluation, page.object_list, chosen),
        "methods": selectors.evaluation_methods(evaluation),
        "chosen": chosen,
        "topics": selectors.evaluation_topics(evaluation),
        "topic": topic,
    }
    return render(request, "training/evaluation_answers.html", context)


@admin_required
def evaluation_export(request: HttpRequest, evaluation_id: UUID, form: str) -> HttpResponse:
    """The results as Markdown, CSV or JSON."""
    if form not in EXPORTS:
        raise Http404
    evaluation = _evaluation_or_404(request, evaluation_id)
    content_type, make = EXPORTS[form]
    name = f"evaluation-{evaluation.config_hash[:8]}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(make(evaluation), content_type=content_type, headers=headers)


def _evaluation_or_404(request: HttpRequest, evaluation_id: UUID) -> Evaluation:
    evaluations = Evaluation.objects.visible_to(request.user).select_related("job")
    return get_object_or_404(evaluations, pk=evaluation_id)
