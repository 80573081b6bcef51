"""Addresses of the public API, as OpenAI's clients expect them: without a slash at the end."""

from django.urls import path, re_path

from . import views

app_name = "openai"
urlpatterns = [
    path("models", views.models, name="models"),
    path("models/<path:name>", views.model, name="model"),
    path("chat/completions", views.chat_completions, name="chat-completions"),
    path("embeddings", views.embeddings, name="embeddings"),
    path("feedback", views.feedback, name="feedback"),
    re_path(r"", views.nothing_here),
]
