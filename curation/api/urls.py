"""Addresses of the curation room's API."""

from rest_framework.routers import DefaultRouter

from . import note_views, views

router = DefaultRouter()
router.include_root_view = False
router.register("log-entries", views.LogEntryViewSet)
router.register("rules", views.RuleViewSet)
router.register("pairs", views.PairViewSet)
router.register("clusters", views.ClusterViewSet)
router.register("curated-notes", note_views.CuratedNoteViewSet, "curated-note")
router.register("refinements", note_views.RefinementViewSet)
urlpatterns = router.urls
