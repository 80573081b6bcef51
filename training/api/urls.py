"""Addresses of the training room's API."""

from rest_framework.routers import DefaultRouter

from . import views

router = DefaultRouter()
router.include_root_view = False
router.register("runs", views.RunViewSet)
router.register("adapters", views.AdapterViewSet)
router.register("promotions", views.PromotionViewSet)
router.register("routes", views.RouteTableViewSet)
urlpatterns = router.urls
