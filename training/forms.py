"""Forms of the training room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from curation.models import Cluster
from training.models import CLUSTER_KIND_CHOICES


class AdapterUploadForm(forms.Form):
    """A PEFT folder as a ZIP, and whose questions it shall answer."""

    cluster = forms.ModelChoiceField(Cluster.objects.none(), label=_("Cluster"))
    kind = forms.ChoiceField(choices=CLUSTER_KIND_CHOICES, label=_("Kind"))
    file = forms.FileField(
        label=_("PEFT folder (ZIP)"), widget=forms.FileInput(attrs={"accept": ".zip"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cluster"].queryset = Cluster.objects.current().filter(
            is_noise=False, is_excluded=False
        )
        for name in ("cluster", "kind"):
            self.fields[name].widget.attrs["class"] = "select"
        self.fields["file"].widget.attrs["class"] = "input"
