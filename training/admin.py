"""Runs, adapters and promotions in the Django admin. Answers and examples are not shown."""

from django.contrib import admin

from training.models import Adapter, Evaluation, Promotion, TrainingRun, Verification
from uno_site.read_only_admin import ReadOnlyAdmin


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    list_display = ("cluster_name", "kind", "state", "n_train", "n_validation", "created_at")
    list_filter = ("state", "kind")


@admin.register(Adapter)
class AdapterAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "version", "state", "is_tainted", "created_at")
    list_filter = ("state", "kind", "is_tainted")
    search_fields = ("name",)


@admin.register(Verification)
class VerificationAdmin(ReadOnlyAdmin):
    list_display = ("run", "judge", "win_rate", "low", "high", "n_prompts", "is_accepted")
    list_select_related = ("run",)
    exclude = ("samples",)


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    list_display = ("at", "action", "table", "by", "reason")
    list_select_related = ("table", "by")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("title", "state", "created_at", "finished_at")
    exclude = ("results",)
