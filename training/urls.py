"""Addresses of the training room."""

from django.urls import path

from training.views import adapters, dashboard, engines, routes, runs

app_name = "training"
urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("learn/", dashboard.learn_start, name="learn"),
    path("clusters/<uuid:cluster_id>/retrain/", dashboard.cluster_retrain, name="retrain"),
    path("runs/", runs.run_list, name="run_list"),
    path("runs/<uuid:run_id>/", runs.run_detail, name="run_detail"),
    path("runs/<uuid:run_id>/cancel/", runs.run_stop, name="run_cancel"),
    path("runs/<uuid:run_id>/verification/", runs.verification_detail, name="verification"),
    path("adapters/", adapters.adapter_list, name="adapter_list"),
    path("adapters/<uuid:adapter_id>/", adapters.adapter_detail, name="adapter_detail"),
    path("adapters/<uuid:adapter_id>/promote/", adapters.adapter_promote, name="adapter_promote"),
    path("adapters/<uuid:adapter_id>/retire/", adapters.adapter_retire, name="adapter_retire"),
    path(
        "adapters/<uuid:adapter_id>/download/<slug:form>/",
        adapters.adapter_download,
        name="adapter_download",
    ),
    path("engines/", engines.engine_list, name="engines"),
    path("routes/", routes.routes, name="routes"),
    path("routes/rollback/", routes.routes_rollback, name="rollback"),
    path("routes/<uuid:table_id>/", routes.table_detail, name="table_detail"),
]
