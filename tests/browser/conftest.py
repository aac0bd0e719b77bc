"""A real browser for pages: open one, and hear of everything that a careful reader's browser would mind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR, PLACE = ["color-contrast"], ["target-size", "scrollable-region-focusable", "landmark-unique"]
ASK = "rules => axe.run({runOnly: {type: 'rule', values: rules}, resultTypes: ['violations']})"
LARGEST = 600_000  # bytes
OPEN_FOLDS = "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
CLOSE_FOLDS = OPEN_FOLDS.replace("true", "false")


@dataclass(slots=True)
class Heard:
    """What a page did besides showing itself."""

    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, as the system has it."""
    executable = os.environ.get("QIEVAL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        reason = "no Chromium on this machine (set QIEVAL_CHROMIUM to one)"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=executable, headless=True, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., tuple[Any, Heard]]]:
    """Open a page from the disk; returns it with what is heard of it from then on."""
    contexts = []

    def open_page(path: Path, *, dark: bool = False, phone: bool = False) -> tuple[Any, Heard]:
        context = browser.new_context(
            viewport=PHONE if phone else DESK, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page, heard = context.new_page(), Heard()
        page.on("request", lambda request: heard.requests.append(request.url))
        page.on("console", lambda message: heard.console.append(message.text))
        page.on("pageerror", lambda error: heard.console.append(str(error)))
        page.on("dialog", lambda dialog: (heard.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(path.resolve().as_uri())
        return page, heard

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def complaints(visit: Callable[..., tuple[Any, Heard]]) -> Callable[[Path], list[str]]:
    """Open a page, and look at it in light, in dark and on a phone; returns what is wrong with it.

    It is loaded once: what it loads does not depend on the light. Every rule is asked in light; in dark
    those on colour, on a phone those on place, since nothing else changes.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def look(path: Path) -> list[str]:
        found = [f"{path.stat().st_size:,} bytes"] if path.stat().st_size > LARGEST else []
        page, heard = visit(path)
        found += _of_loading(path, heard)
        found += ["has a script"] if page.locator("script").count() else []
        page.evaluate(OPEN_FOLDS)
        response = axe.run(page, options={"runOnly": AA, "resultTypes": ["violations"]}).response
        found += _of_axe(response, "light")
        page.emulate_media(color_scheme="dark")
        found += _of_axe(page.evaluate(ASK, COLOUR), "dark")
        page.set_viewport_size(PHONE)
        found += _of_axe(page.evaluate(ASK, PLACE), "on a phone")
        page.evaluate(CLOSE_FOLDS)
        return [*found, *_sideways(page, PHONE), *_sideways(page, DESK)]

    return look


def _sideways(page: Any, size: dict[str, int]) -> list[str]:
    page.set_viewport_size(size)
    width = page.evaluate("document.documentElement.scrollWidth")
    return [f"scrolls sideways: {width} px of {size['width']}"] if width > size["width"] else []


def _of_axe(response: dict[str, Any], where: str) -> list[str]:
    return [
        f"{each['id']} {where}: " + ", ".join(node["html"][:120] for node in each["nodes"][:3])
        for each in response["violations"]
    ]


def _of_loading(path: Path, heard: Heard) -> list[str]:
    own = path.resolve().as_uri()
    asked = [f"asks for {url}" for url in heard.requests if url != own and not url.startswith("data:")]
    return (
        asked + [f"console: {said}" for said in heard.console] + [f"dialog: {said}" for said in heard.dialogs]
    )
