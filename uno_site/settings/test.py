"""Tests: a cheap password hasher, a fixed key, unhashed static files."""

from .base import *  # noqa: F403
from .base import DATABASES, REST_FRAMEWORK, STORAGES

SECRET_KEY = "test-only"  # noqa: S105
# A connection that outlives its request would hold on to the test's database.
DATABASES["default"]["CONN_MAX_AGE"] = 0
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
