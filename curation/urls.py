"""Addresses of the curation rooms."""

from django.urls import path

from curation.views import clusters, entries, instance, overview, review

app_name = "curation"


def _queue(noun: str) -> list:
    extra = {"noun": noun}
    return [
        path(f"{noun}/", review.queue_page, extra, name=noun),
        path(f"{noun}/approve/", review.items_approve, extra, name=f"{noun}-approve"),
        path(
            f"{noun}/<uuid:item_id>/<slug:action>/",
            review.item_decide,
            extra,
            name=f"{noun}-decide",
        ),
    ]


urlpatterns = [
    path("", overview.overview, name="overview"),
    path("accounting/", overview.accounting_table, name="accounting"),
    path("process/", overview.process_start, name="process"),
    path("entries/", entries.entry_list_page, name="entries"),
    path("entries/<uuid:entry_id>/", entries.entry_detail, name="entry"),
    path("entries/<uuid:entry_id>/exclude/", entries.entry_exclude, name="entry-exclude"),
    path("entries/<uuid:entry_id>/retry/", entries.entry_retry, name="entry-retry"),
    *_queue("rules"),
    *_queue("pairs"),
    path("clusters/", clusters.cluster_list_page, name="clusters"),
    path("clusters/<uuid:cluster_id>/", clusters.cluster_detail, name="cluster"),
    path("clusters/<uuid:cluster_id>/exclude/", clusters.cluster_exclude, name="cluster-exclude"),
    path("clusters/<uuid:cluster_id>/noise/", clusters.cluster_noise, name="cluster-noise"),
    path("clusters/<uuid:cluster_id>/rename/", clusters.cluster_rename_page, name="cluster-rename"),
    path(
        "clusters/<uuid:cluster_id>/exclude-members/",
        clusters.members_exclude,
        name="cluster-exclude-members",
    ),
    path("roles/", instance.role_list, name="roles"),
    path("roles/check/", instance.role_check, name="roles-check"),
    path("roles/<slug:role>/", instance.role_edit, name="role"),
    path("policy/", instance.policy_page, name="policy"),
    path("import/", instance.import_page, name="import"),
]
