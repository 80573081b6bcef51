"""Addresses of the training room."""

from django.urls import path

from training.views import (
    adapters,
    dashboard,
    engines,
    evaluations,
    learned,
    lineage,
    personal,
    routes,
    runs,
)

app_name = "training"
urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("figures/", dashboard.figures_page, name="figures"),
    path("learn/", dashboard.learn_start, name="learn"),
    path("clusters/retrain/", dashboard.retrain_some, name="retrain_some"),
    path("clusters/<uuid:cluster_id>/retrain/", dashboard.cluster_retrain, name="retrain"),
    path("clusters/<uuid:cluster_id>/path/", dashboard.cluster_path, name="cluster_path"),
    path("runs/", runs.run_list, name="run_list"),
    path("runs/compare/", runs.run_compare, name="run_compare"),
    path("runs/<uuid:run_id>/", runs.run_detail, name="run_detail"),
    path("runs/<uuid:run_id>/samples/", runs.run_samples, name="run_samples"),
    path("runs/<uuid:run_id>/pause/", runs.run_act, {"action": "pause"}, name="run_pause"),
    path("runs/<uuid:run_id>/resume/", runs.run_act, {"action": "resume"}, name="run_resume"),
    path("runs/<uuid:run_id>/cancel/", runs.run_act, {"action": "cancel"}, name="run_cancel"),
    path("runs/<uuid:run_id>/verification/", runs.verification_detail, name="verification"),
    path("adapters/", adapters.adapter_list, name="adapter_list"),
    path("adapters/upload/", adapters.adapter_upload_form, name="adapter_upload"),
    path("adapters/<uuid:adapter_id>/", adapters.adapter_detail, name="adapter_detail"),
    path("adapters/<uuid:adapter_id>/promote/", adapters.adapter_promote, name="adapter_promote"),
    path(
        "adapters/<uuid:adapter_id>/stop-canary/",
        adapters.adapter_stop_canary,
        name="adapter_stop_canary",
    ),
    path("adapters/<uuid:adapter_id>/retire/", adapters.adapter_retire, name="adapter_retire"),
    path(
        "adapters/<uuid:adapter_id>/download/<slug:form>/",
        adapters.adapter_download,
        name="adapter_download",
    ),
    path("learned/", learned.learned, name="learned"),
    path("learned/<uuid:entry_id>/withdraw/", learned.learned_withdraw, name="learned_withdraw"),
    path("learned/replies/<uuid:message_id>/allow/", learned.learned_allow, name="learned_allow"),
    path("lineage/answers/<uuid:message_id>/", lineage.answer, name="answer_sources"),
    path("lineage/entries/<uuid:entry_id>/", lineage.entry, name="entry_answers"),
    path("personal/", personal.personal, name="personal"),
    path("personal/delete/", personal.personal_delete, name="personal_delete"),
    path("personal/<uuid:adapter_id>/use/", personal.personal_use, name="personal_use"),
    path("engines/", engines.engine_list, name="engines"),
    path("routes/", routes.routes, name="routes"),
    path("routes/rollback/", routes.routes_rollback, name="rollback"),
    path("routes/<uuid:table_id>/", routes.table_detail, name="table_detail"),
    path("evaluations/", evaluations.evaluation_list, name="evaluation_list"),
    path("evaluations/start/", evaluations.evaluation_start, name="evaluation_start"),
    path(
        "evaluations/<uuid:evaluation_id>/",
        evaluations.evaluation_detail,
        name="evaluation_detail",
    ),
    path(
        "evaluations/<uuid:evaluation_id>/answers/",
        evaluations.evaluation_answers,
        name="evaluation_answers",
    ),
    path(
        "evaluations/<uuid:evaluation_id>/export/<slug:form>/",
        evaluations.evaluation_export,
        name="evaluation_export",
    ),
]
