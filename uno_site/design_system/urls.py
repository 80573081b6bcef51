"""The address of the design system's page."""

from django.urls import path

from . import views

app_name = "design_system"
urlpatterns = [path("", views.gallery, name="gallery")]
