"""A single machine, started with ``make run``: a kept secret key, plain HTTP on localhost."""

from uno_site.local_secret import local_secret

from .base import *  # noqa: F403
from .base import DATA_DIR, SECRET_KEY, STORAGES

SECRET_KEY = SECRET_KEY or local_secret(DATA_DIR / "secret_key")
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
