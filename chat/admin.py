"""Published routes in the Django admin. Conversations are their owners' and are not shown."""

from django.contrib import admin

from chat.models import RouteTable, ServedRoute
from uno_site.read_only_admin import ReadOnlyAdmin


@admin.register(RouteTable)
class RouteTableAdmin(ReadOnlyAdmin):
    list_display = ("version", "is_active", "note", "published_by", "created_at")
    list_select_related = ("published_by",)


@admin.register(ServedRoute)
class ServedRouteAdmin(ReadOnlyAdmin):
    list_display = ("table", "cluster_name", "kind", "adapter_name", "canary_percent")
    list_filter = ("kind",)
    list_select_related = ("table",)
    exclude = ("centroid",)
