"""Addresses of the chat room's API."""

from rest_framework.routers import DefaultRouter

from . import views

router = DefaultRouter()
router.include_root_view = False
router.register("conversations", views.ConversationViewSet)
router.register("messages", views.MessageViewSet)
router.register("feedback", views.FeedbackViewSet)
urlpatterns = router.urls
