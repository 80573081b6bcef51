"""``make images``: a picture of every screen of the real product in both themes and widths.

``python -m tests.screens.pictures FOLDER`` starts UNO as ``make run`` does, fills it with
``manage.py demo`` (real replies, a real run), does the few things by hand that the demo leaves
out, and writes ``<theme>-<width>/<screen>.webp``: small enough to keep beside the documents.
With ``--filled SCREEN …`` it draws these screens of the instance that the tests fill, in a
minute or two.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browsers import BROWSER_ARGUMENTS, chromium_path
from tests.e2e.product import Product, running_product
from tests.e2e.steps import enter
from tests.screens.roles import ADMIN
from tests.screens.web import addresses, filled_web, shell

WIDTHS = {1280: 800, 390: 844}
THEMES = ("light", "dark")
#: A page that goes on is cut after so many pixels.
MAX_HEIGHT = 1800
QUALITY = 60
#: A canvas is drawn anew when its page changes size.
REDRAW_MS = 400
#: Draws a PNG anew as WebP, in the browser: no other library is needed.
TO_WEBP = """
async ([png, quality]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const blob = await canvas.convertToBlob({type: "image/webp", quality: quality / 100});
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
"""


def main() -> int:
    """Draw everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--filled", nargs="+", metavar="SCREEN", help="such as training:edits")
    options = parser.parse_args()
    folder = options.folder
    if options.filled:
        return draw_filled(folder, options.filled)
    with (
        tempfile.TemporaryDirectory() as data,
        running_product(Path(data)) as product,
        sync_playwright() as playwright,
    ):
        sys.stdout.write(product.manage("demo", timeout=3600))
        shell(product, "from tests.screens.filled import fill_around as f; f()")
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=BROWSER_ARGUMENTS
        )
        draw(browser, product, folder)
        browser.close()
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*.webp"))
    sys.stdout.write(f"{n_bytes / 2**20:.1f} MB of pictures in {folder}\n")
    return 0


def draw_filled(folder: Path, names: Sequence[str]) -> int:
    """Some screens of the instance that the tests fill: no engine, made-up rows."""
    with (
        tempfile.TemporaryDirectory() as data,
        filled_web(Path(data)) as product,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=BROWSER_ARGUMENTS
        )
        draw(browser, product, folder, names)
        browser.close()
    return 0


def draw(
    browser: Browser, product: Product, folder: Path, names: Sequence[str] | None = None
) -> None:
    """Every screen (or those of ``names``) once, as the role that it is first shown to."""
    for role, found in addresses(product).items():
        screens = {name: url for name, url in found.items() if names is None or name in names}
        context = browser.new_context(base_url=product.url)
        page, press = context.new_page(), context.new_page()
        if role:
            enter(page, role, product.password(role))
        for width, height in WIDTHS.items():
            for theme in THEMES:
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                for name, address in screens.items():
                    path = folder / f"{theme}-{width}" / f"{file_name(name, role)}.webp"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    visit(page, product, role, name, address)
                    path.write_bytes(picture(page, press, width, height))
        context.close()


def visit(page: Page, product: Product, role: str, name: str, address: str) -> None:
    """Open a screen; asks anew where it is if the worker has meanwhile replaced what it shows."""
    answer = page.goto(address)
    if answer is not None and answer.status in (400, 404):
        answer = page.goto(addresses(product)[role][name])
    assert answer is not None and answer.ok, f"{name}: {page.url}"
    page.wait_for_load_state("networkidle")


def file_name(screen: str, role: str) -> str:
    """Such as ``chat-home``; an admin's look at what curators see too is told apart."""
    plain = screen.replace(":", "-").replace("_", "-")
    return f"{plain}-admin" if role == "admin" and screen not in ADMIN else plain


def picture(page: Page, press: Page, width: int, height: int) -> bytes:
    """The whole page, or as much of it as :data:`MAX_HEIGHT` holds, as WebP."""
    whole = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": max(height, min(whole, MAX_HEIGHT))})
    page.wait_for_timeout(REDRAW_MS)
    png = page.screenshot()
    page.set_viewport_size({"width": width, "height": height})
    webp = press.evaluate(TO_WEBP, [base64.b64encode(png).decode(), QUALITY])
    return base64.b64decode(webp)


if __name__ == "__main__":
    sys.exit(main())
