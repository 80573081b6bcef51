"""The design system's page."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from uno_site.accounts.permissions import admin_required
from uno_site.errors import InvalidInput

from . import tokens
from .examples import sections
from .forms import SampleForm

#: Rows of the example of a list, enough for a second page.
N_ROWS, PAGE_SIZE = 7, 3
MARKDOWN = """\
#### Bread

A reply with **weight**, `code`, a formula $a^2 + b^2 = c^2$, another

$$\\sum_{i=1}^n i = \\frac{n(n+1)}{2}$$

and a list:

1. flour
2. water

> Salt comes last.

| Flour | Water |
| --- | --- |
| 500 g | 350 g |

```python
print("bread")
```
"""


@admin_required
@require_http_methods(["GET", "POST"])
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component with its source. What is sent here is checked, and kept nowhere."""
    is_form = request.method == "POST" and "is_dialog" not in request.POST
    form = SampleForm(request.POST, request.FILES) if is_form else SampleForm()
    if request.method == "POST" and (not is_form or form.is_valid()):
        messages.success(request, _("This is an example: nothing was changed."))
        return redirect("design_system:gallery")
    page = Paginator(range(1, N_ROWS + 1), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "colours": tokens.colours(),
        "spaces": tokens.spaces(),
        "icons": tokens.icons(),
        "sections": sections(),
        "form": form,
        "markdown": MARKDOWN,
        "page": page,
        "columns": [(_("Name"), ""), (_("Entries"), "right"), (_("State"), "")],
        "error": InvalidInput(
            _("A share of 1.4 cannot be."), remedy=_("Give a number between 0 and 1.")
        ),
    }
    return render(request, "design_system/gallery.html", context)
