"""The ASGI entry: HTTP by Django, WebSockets by Channels behind the session's user."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "uno_site.settings.dev")
django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from uno_site.accounts.languages import SocketLanguageMiddleware  # noqa: E402
from uno_site.handlers import SiteHandler  # noqa: E402
from uno_site.responsiveness import stay_responsive  # noqa: E402
from uno_site.websockets import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": SiteHandler(),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(SocketLanguageMiddleware(URLRouter(websocket_urlpatterns)))
        ),
    }
)

get_resolver().url_patterns  # noqa: B018 - loads every view now, and not with the first request
stay_responsive()
