"""What a page costs the reader: how far it jumps while it loads, and how much script it needs.

``python -m tests.benchmarks.browser`` opens every screen of every role on the filled instance
(:mod:`tests.screens`) at both widths in a fresh document. Layout shift is Chromium's own sum of
unexpected shifts; script is counted gzipped, as the production settings serve it.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, Response, sync_playwright

from tests.benchmarks.report import Report, bar, machine, write_report
from tests.browsers import BROWSER_ARGUMENTS, chromium_path
from tests.e2e.product import Product
from tests.e2e.steps import enter
from tests.screens.web import addresses, filled_web

NAME = "bench-browser"
WIDTHS = (1280, 390)
MAX_SHIFT = 0.05
MAX_SCRIPT_KB = 200.0
#: So long after the network went quiet is looked for late shifts.
SETTLE_MS = 400
TITLES = {"layout": "Layout shift", "script": "Script, compressed"}
OBSERVE = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value;
}).observe({type: "layout-shift", buffered: true});
"""


def main() -> int:
    """Measure, write the report, and say whether the bars were reached."""
    report: Report = {"machine": machine()}
    with (
        tempfile.TemporaryDirectory() as folder,
        filled_web(Path(folder)) as instance,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=BROWSER_ARGUMENTS
        )
        report["layout"] = measure_layout(browser, instance)
        report["script"] = measure_script(browser, instance)
        browser.close()
    return write_report(NAME, report, TITLES)


def measure_layout(browser: Browser, instance: Product) -> Report:
    """The greatest layout shift of any screen by role and width, and which screen it is."""
    report: Report = {}
    for role, screens in addresses(instance).items():
        for width in WIDTHS:
            page = _page(browser, instance, role, width)
            shifts = {name: layout_shift(page, address) for name, address in screens.items()}
            worst = max(shifts, key=lambda name: shifts[name])
            report[f"{role or 'nobody'} at {width} px"] = {
                "screens": len(shifts),
                "greatest": bar(shifts[worst], MAX_SHIFT, at_least=False),
                "where": worst,
            }
            page.context.close()
    return report


def layout_shift(page: Page, address: str) -> float:
    """The sum of unexpected shifts while a page loads."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLE_MS)
    return float(page.evaluate("window.shift"))


def measure_script(browser: Browser, instance: Product) -> Report:
    """Kilobytes of script that the first page after signing in loads, and the sign-in page."""
    report: Report = {}
    for title, role, address in (
        ("sign-in page", "", "/accounts/sign-in/"),
        ("first page", "user", "/"),
    ):
        page = _page(browser, instance, role, WIDTHS[0])
        scripts: list[Response] = []
        page.on(
            "response",
            lambda got, found=scripts: (
                found.append(got) if got.request.resource_type == "script" else None
            ),
        )
        page.goto(address)
        page.wait_for_load_state("networkidle")
        n_bytes = sum(len(gzip.compress(script.body())) for script in scripts)
        report[title] = {
            "files": len(scripts),
            "kB": bar(n_bytes / 1000, MAX_SCRIPT_KB, at_least=False),
        }
        page.context.close()
    return report


def _page(browser: Browser, instance: Product, role: str, width: int) -> Page:
    context = browser.new_context(base_url=instance.url, viewport={"width": width, "height": 900})
    page = context.new_page()
    if role:
        enter(page, role, instance.password(role))
    page.add_init_script(OBSERVE)
    return page


if __name__ == "__main__":
    sys.exit(main())
