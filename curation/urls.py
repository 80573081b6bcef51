"""Addresses of the curation rooms."""

from django.urls import path

from curation.views import (
    cluster_map,
    clusters,
    entries,
    exchange,
    instance,
    note_sharing,
    notes,
    overview,
    regrouping,
    review,
    review_item,
)

app_name = "curation"


def _queue(noun: str) -> list:
    extra, item = {"noun": noun}, f"{noun}/<uuid:item_id>"
    return [
        path(f"{noun}/", review.queue_page, extra, name=noun),
        path(f"{noun}/bulk/<slug:action>/", review.items_decide, extra, name=f"{noun}-bulk"),
        path(f"{item}/", review_item.item_page, extra, name=f"{noun}-item"),
        path(f"{item}/claim/", review_item.claim, extra, name=f"{noun}-claim"),
        path(f"{item}/release/", review_item.release, extra, name=f"{noun}-release"),
        path(f"{item}/comments/", review_item.comment, extra, name=f"{noun}-comment"),
        path(
            f"{item}/comments/<uuid:comment_id>/delete/",
            review_item.comment_remove,
            extra,
            name=f"{noun}-comment-delete",
        ),
        path(f"{item}/<slug:action>/", review.item_decide, extra, name=f"{noun}-decide"),
    ]


urlpatterns = [
    path("", overview.overview, name="overview"),
    path("accounting/", overview.accounting_table, name="accounting"),
    path("process/", overview.process_start, name="process"),
    path("entries/", entries.entry_list_page, name="entries"),
    path("entries/<uuid:entry_id>/", entries.entry_detail, name="entry"),
    path("entries/<uuid:entry_id>/exclude/", entries.entry_exclude, name="entry-exclude"),
    path("entries/<uuid:entry_id>/retry/", entries.entry_retry, name="entry-retry"),
    path("entries/<uuid:entry_id>/similar/", review_item.similar, name="similar"),
    path("undo/<uuid:action_id>/", review.action_undo_view, name="undo"),
    path("agreement/", review_item.agreement_page, name="agreement"),
    *_queue("rules"),
    *_queue("pairs"),
    path("clusters/", clusters.cluster_list_page, name="clusters"),
    path("clusters/what-if/", clusters.what_if_routes, name="what-if"),
    path("clusters/map/", cluster_map.map_page, name="map"),
    path("clusters/map/points/", cluster_map.map_points, name="map-points"),
    path(
        "clusters/map/<uuid:map_id>/<int:index>/",
        cluster_map.map_point,
        name="map-entry",
    ),
    path("clusters/regroup/", regrouping.regroup_page, name="regroup"),
    path("clusters/regroup/points/", regrouping.regroup_points, name="regroup-points"),
    path("clusters/regroup/apply/", regrouping.regroup_apply, name="regroup-apply"),
    path("clusters/<uuid:cluster_id>/release/", regrouping.release, name="cluster-release"),
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
    path("import/", exchange.import_page, name="import"),
    path("import/<uuid:upload_id>/", exchange.import_check, name="import-check"),
    path("import/<uuid:upload_id>/discard/", exchange.import_discard, name="import-discard"),
    path("export/", exchange.export_page, name="export"),
    path("notes/", notes.note_list_page, name="notes"),
    path("notes/refinements/", notes.refine_list, name="refinements"),
    path("notes/refinements/plan/", notes.refine_plan_start, name="refinement-plan"),
    path("notes/refinements/<uuid:run_id>/", notes.refine_detail, name="refinement"),
    path(
        "notes/refinements/<uuid:run_id>/<slug:action>/",
        notes.refine_decide,
        name="refinement-decide",
    ),
    path("notes/sharing/", note_sharing.sharing_page, name="note-sharing"),
    path("notes/sharing/file/", note_sharing.sharing_file, name="note-file"),
    path("notes/sharing/import/", note_sharing.sharing_import, name="note-import"),
    path("notes/sharing/origins/", note_sharing.origin_create, name="note-origin"),
    path(
        "notes/sharing/origins/<uuid:origin_id>/",
        note_sharing.origin_toggle,
        name="note-origin-switch",
    ),
    path("notes/receipts/", note_sharing.receipt_list, name="receipts"),
    path("notes/receipts/<uuid:receipt_id>/", note_sharing.receipt_file, name="receipt"),
    path("notes/<uuid:note_id>/", notes.note_detail, name="note"),
    path("notes/<uuid:note_id>/edit/", notes.note_edit_page, name="note-edit"),
    path("notes/<uuid:note_id>/<slug:action>/", notes.note_act, name="note-act"),
    path("export/<slug:name>/", exchange.export_data, name="export-data"),
    path("export/<slug:name>/provenance/", exchange.export_provenance, name="export-provenance"),
]
