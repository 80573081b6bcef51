"""Address of the settings page."""

from django.urls import path

from . import views

app_name = "runtime"
urlpatterns = [path("", views.settings_page, name="settings")]
