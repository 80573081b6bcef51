"""Pages of the API's lists."""

from rest_framework.pagination import LimitOffsetPagination


class Pages(LimitOffsetPagination):
    """``?limit=`` and ``?offset=``; nobody is given a whole table at once."""

    max_limit = 500
