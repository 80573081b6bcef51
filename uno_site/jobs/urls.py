"""Addresses of the job monitor."""

from django.urls import path

from . import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("start/", views.job_start, name="start"),
    path("<uuid:job_id>/", views.job_detail, name="detail"),
    path("<uuid:job_id>/cancel/", views.job_act, {"action": "cancel"}, name="cancel"),
    path("<uuid:job_id>/retry/", views.job_act, {"action": "retry"}, name="retry"),
]
