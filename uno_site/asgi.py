"""The ASGI entry: HTTP by Django, WebSockets by Channels behind the session's user."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "uno_site.settings.dev")
django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from uno_site.accounts.languages import SocketLanguageMiddleware  # noqa: E402
from uno_site.handlers import SiteHandler  # noqa: E402
from uno_site.websockets import websocket_urlpatterns  # noqa: E402

# Replies are streamed by the event loop while threads draw pages: the loop should not wait
# the default 5 ms for the interpreter each time.
sys.setswitchinterval(0.0005)

application = ProtocolTypeRouter(
    {
        "http": SiteHandler(),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(SocketLanguageMiddleware(URLRouter(websocket_urlpatterns)))
        ),
    }
)
