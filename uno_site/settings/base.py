"""Settings shared by every environment; the values come from :mod:`uno_site.env`."""

from pathlib import Path

import dj_database_url

from uno_site.env import ROOT, read_env

ENV = read_env()
BASE_DIR = ROOT
DATA_DIR: Path = ENV.data_dir
(DATA_DIR / "static").mkdir(parents=True, exist_ok=True)

SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENV.csrf_trusted_origins

INSTALLED_APPS = [
    "uno_site.apps.UnoAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.forms",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "uno_site.apps.SiteConfig",
    "uno_site.accounts",
    "uno_site.audit",
    "uno_site.jobs",
    "uno_site.runtime",
    "chat",
    "chat.experience",
    "curation",
    "training",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "uno_site.middleware.ContentSecurityPolicyMiddleware",
    "uno_site.middleware.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "uno_site.middleware.NulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "uno_site.accounts.languages.LanguageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "uno_site.middleware.ErrorPageMiddleware",
    "uno_site.accounts.middleware.ConsentMiddleware",
]

ROOT_URLCONF = "uno_site.urls"
ASGI_APPLICATION = "uno_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "uno_site.context.site",
            ],
            "builtins": ["uno_site.templatetags.components"],
        },
    },
]

# Widgets are drawn by the project's templates where it has one, else by Django's.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": dj_database_url.parse(ENV.database_url, conn_max_age=0)}
# The threads that draw pages keep their connections for so many seconds.
DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL lets readers go on while one process writes; IMMEDIATE makes a writer wait
    # for its turn instead of failing halfway through a transaction.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if ENV.redis_url:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [ENV.redis_url]},
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": ENV.redis_url,
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Queue messages only start and watch work (uno_site.jobs); none of them lasts, so that
# django-q2's ``timeout`` and ``retry`` never meet a job in progress.
Q_CLUSTER = {
    "name": "uno",
    "workers": 1,
    "timeout": 60,
    "retry": 90,
    "max_attempts": 3,
    "catch_up": False,
    "save_limit": 100,
    "poll": 0.5,
    "label": "Queue messages",
    **({"redis": ENV.redis_url} if ENV.redis_url else {"orm": "default"}),
}

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "accounts:login"

LANGUAGE_CODE = "en"
#: In their own words; docs/translating.md says how to add one.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "uno_site.api.pagination.Pages",
    "PAGE_SIZE": 50,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": "600/min"},
    "EXCEPTION_HANDLER": "uno_site.api.exceptions.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "UNO API",
    "DESCRIPTION": (
        "Under /api/v1/: conversations, feedback, curation and training under the screens' "
        "permissions. Under /v1/: the public API in OpenAI's shapes, with API keys."
    ),
    "VERSION": "1.0.0",
    # The public API's description comes from pydantic, which writes JSON Schema 2020-12.
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "chat.openai_api.description.describe",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "RouteKindEnum": "chat.models.RouteKind",
        "AdapterKindEnum": "training.models.AdapterKind",
        "RuleKindEnum": "curation.models.RuleKind",
        "EntryStateEnum": "curation.models.EntryState",
        "ReviewStateEnum": "curation.models.ReviewState",
        "JobStateEnum": "uno_site.jobs.models.JobState",
        "ConversationOriginEnum": "chat.models.ConversationOrigin",
        "MessageOriginEnum": "chat.models.MessageOrigin",
        "MessageStateEnum": "chat.models.MessageState",
        "RunStateEnum": "training.models.RunState",
        "SourceEnum": "curation.models.PairSource",
        "NoteKindEnum": "chat.experience.models.Kind",
        "NoteScopeEnum": "chat.experience.models.Scope",
        "NoteStatusEnum": "chat.experience.models.Status",
        "RefinementStateEnum": "chat.experience.models.RefineState",
        "NoteSourceEnum": "chat.experience.models.Source",
        "AdapterStateEnum": "training.models.AdapterState",
    },
}

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

UNO = ENV

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": ENV.log_level},
    # Of the broker only what goes wrong: it tells of every minute's schedules, ten lines each.
    "loggers": {"httpx": {"level": "WARNING"}, "django-q": {"level": "WARNING"}},
}
