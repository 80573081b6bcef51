"""WebSocket addresses of the training room."""

from django.urls import path

from .consumers import RunConsumer

websocket_urlpatterns = [path("ws/training/runs/<uuid:run_id>/", RunConsumer.as_asgi())]
