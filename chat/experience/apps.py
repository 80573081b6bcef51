from django.apps import AppConfig


class ExperienceConfig(AppConfig):
    name = "chat.experience"
    label = "experience"
