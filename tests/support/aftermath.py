"""What a browser's windows show when a test fails: said in its report, and kept as files in `build/failed/`."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as BrowserError

OUT = Path("build/failed")
#: Of what a page shows; what is longer is whole in its file.
MAX_CHARS = 4_000
#: For each look at a window.
LOOK_MS = 5_000  # short: of one that hangs it is told so


def looked_at(contexts: Iterable[BrowserContext], test: str, out: Path = OUT) -> str:
    """Keep a picture and an outline of each window, under a test's name; returns what the test's report says."""
    folder = (out / re.sub(r"[^\w.-]+", "-", test).strip("-")[-150:]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    pages = [page for context in contexts for page in context.pages]
    return "\n\n".join(_look(page, folder / f"window-{number}") for number, page in enumerate(pages, 1))


def _look(page: Page, place: Path) -> str:
    # Roles, names, values: what tests ask for.
    outline = _tried(lambda: page.locator("body").aria_snapshot(timeout=LOOK_MS))
    place.with_suffix(".txt").write_text(outline, encoding="utf-8")
    picture = _tried(lambda: str(page.screenshot(path=place.with_suffix(".png"), timeout=LOOK_MS) and "kept"))
    shown = "\n".join(f"  {line}" for line in outline[:MAX_CHARS].splitlines())
    return f"{page.url}, as in {place}.txt and .png ({picture}):\n{shown}"


def _tried(look: Callable[[], str]) -> str:
    try:
        return look()
    except BrowserError as error:
        return str(error).partition("\n")[0]
