from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "uno_site.accounts"
    label = "accounts"
