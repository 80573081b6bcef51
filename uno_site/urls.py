"""Every address of the site; each room brings its own."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from uno_site import views
from uno_site.middleware import csp_relaxed

# Swagger UI sets styles by attribute; its script comes as a file in the split view.
api_docs = csp_relaxed(
    SpectacularSwaggerSplitView.as_view(url_name="api-schema"),
    style_src="'self' 'unsafe-inline'",
)

urlpatterns = [
    path("", include("chat.urls")),
    path("notes/", include("chat.experience.urls")),
    path("accounts/", include("uno_site.accounts.urls")),
    path("jobs/", include("uno_site.jobs.urls")),
    path("audit/", include("uno_site.audit.urls")),
    path("settings/", include("uno_site.runtime.urls")),
    path("design-system/", include("uno_site.design_system.urls")),
    path("curation/", include("curation.urls")),
    path("training/", include("training.urls")),
    path("api/v1/", include("uno_site.api.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/docs/", api_docs, name="api-docs"),
    path("v1/", include("chat.openai_api.urls")),
    path("admin/", admin.site.urls),
    path("health", views.health, name="health"),
]

handler403 = "uno_site.views.permission_denied"
handler404 = "uno_site.views.page_not_found"
handler500 = "uno_site.views.server_error"
