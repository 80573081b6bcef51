"""Addresses of the chat."""

from django.urls import path

from . import views
from .history_views import history_check
from .manage_views import (
    conversation_export,
    conversation_manage,
    data,
    data_import,
    everything_export,
)
from .message_views import (
    message_act_view,
    message_correct_view,
    message_detail,
    message_explain,
    message_regenerate_view,
    message_revise_view,
    message_show_view,
    message_stop_view,
    message_vote,
)
from .organise_views import (
    archive,
    conversation_archive_view,
    conversation_file_view,
    conversation_pin_view,
    conversation_restore_view,
)
from .preference_views import (
    preference_add_view,
    preference_change_view,
    preference_delete_view,
    preferences,
    preferences_forget_view,
    preferences_switch_view,
)
from .search_views import history_search_view

app_name = "chat"
urlpatterns = [
    path("", views.home, name="home"),
    path("c/", views.conversation_search, name="search"),
    path("search/", history_search_view, name="find"),
    path("archive/", archive, name="archive-list"),
    path("data/", data, name="data"),
    path("data/import/", data_import, name="import"),
    path("data/import/<uuid:upload_id>/", history_check, name="import-check"),
    path("data/conversations.<slug:form>", everything_export, name="export-all"),
    path("preferences/", preferences, name="preferences"),
    path("preferences/switch/", preferences_switch_view, name="preferences-switch"),
    path("preferences/add/", preference_add_view, name="preference-add"),
    path("preferences/forget/", preferences_forget_view, name="preferences-forget"),
    path("preferences/<uuid:preference_id>/", preference_change_view, name="preference-change"),
    path(
        "preferences/<uuid:preference_id>/delete/",
        preference_delete_view,
        name="preference-delete",
    ),
    path("c/new/", views.conversation_start, name="start"),
    path("c/<uuid:conversation_id>/", views.conversation_detail, name="conversation"),
    path("c/<uuid:conversation_id>/thread/", views.conversation_thread, name="thread"),
    path("c/<uuid:conversation_id>/send/", views.conversation_send, name="send"),
    path("c/<uuid:conversation_id>/rename/", views.conversation_rename_view, name="rename"),
    path("c/<uuid:conversation_id>/delete/", views.conversation_delete_view, name="delete"),
    path("c/<uuid:conversation_id>/settings/", conversation_manage, name="manage"),
    path("c/<uuid:conversation_id>/export/<slug:form>/", conversation_export, name="export"),
    path("c/<uuid:conversation_id>/pin/", conversation_pin_view, name="pin"),
    path("c/<uuid:conversation_id>/folder/", conversation_file_view, name="file"),
    path("c/<uuid:conversation_id>/archive/", conversation_archive_view, name="archive"),
    path("c/<uuid:conversation_id>/restore/", conversation_restore_view, name="restore"),
    path("m/<uuid:message_id>/", message_detail, name="message"),
    path("m/<uuid:message_id>/stop/", message_stop_view, name="stop"),
    path("m/<uuid:message_id>/regenerate/", message_regenerate_view, name="regenerate"),
    path("m/<uuid:message_id>/correct/", message_correct_view, name="correct"),
    path("m/<uuid:message_id>/revise/", message_revise_view, name="revise"),
    path("m/<uuid:message_id>/show/", message_show_view, name="show"),
    path("m/<uuid:message_id>/vote/", message_vote, name="vote"),
    path("m/<uuid:message_id>/explain/", message_explain, name="explain"),
    path("m/<uuid:message_id>/act/", message_act_view, name="act"),
]
