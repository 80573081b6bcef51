"""The API's addresses: each room brings its own router."""

from django.urls import include, path

urlpatterns = [
    path("", include("chat.api.urls")),
    path("", include("chat.experience.api.urls")),
    path("", include("curation.api.urls")),
    path("", include("training.api.urls")),
    path("", include("uno_site.jobs.api")),
]
