"""Addresses of the notes' API."""

from rest_framework.routers import DefaultRouter

from . import views

router = DefaultRouter()
router.include_root_view = False
router.register("notes", views.NoteViewSet)
urlpatterns = router.urls
