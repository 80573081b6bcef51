"""Addresses of the curation room's API."""

from rest_framework.routers import DefaultRouter

from . import views

router = DefaultRouter()
router.include_root_view = False
router.register("log-entries", views.LogEntryViewSet)
router.register("rules", views.RuleViewSet)
router.register("pairs", views.PairViewSet)
router.register("clusters", views.ClusterViewSet)
urlpatterns = router.urls
