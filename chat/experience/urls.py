"""Addresses of the notes' pages."""

from django.urls import path

from . import views

app_name = "experience"
urlpatterns = [
    path("", views.note_list, name="notes"),
    path("new/", views.note_new, name="new"),
    path("switches/", views.switches, name="switches"),
    path("notes.json", views.export, name="export"),
    path("import/", views.import_notes, name="import"),
    path("in/<uuid:conversation_id>/", views.conversation_switch, name="conversation-switch"),
    path("of/<uuid:message_id>/", views.reply_notes, name="reply-notes"),
    path("of/<uuid:message_id>/<uuid:note_id>/wrong/", views.reply_note_dispute, name="dispute"),
    path("<uuid:note_id>/", views.note_detail, name="note"),
    path("<uuid:note_id>/pin/", views.note_pin_view, name="pin"),
    path("<uuid:note_id>/switch/", views.note_switch_view, name="switch"),
    path("<uuid:note_id>/delete/", views.note_delete_view, name="delete"),
]
