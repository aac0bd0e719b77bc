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
PLACE = ["target-size", "scrollable-region-focusable", "landmark-unique"]
ASK = "runOnly => axe.run({runOnly, resultTypes: ['violations']}).then(found => found.violations)"
LARGEST = 600_000  # bytes
OPEN_FOLDS = "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
CLOSE_FOLDS = OPEN_FOLDS.replace("true", "false")
TABS = 12  # to the contents, at most
UNSEEN = """() => [...document.querySelectorAll(
    'h1, h2, h3, p, li, dt, dd, th, td, caption, figcaption, figure svg, pre, summary')].filter(each => {
        const seen = each.checkVisibility({visibilityProperty: true, opacityProperty: true})
        const empty = each.tagName != 'svg' && !each.textContent.trim()
        return !empty && !(seen && each.getBoundingClientRect().width > 0)
    }).map(each => each.tagName + ' ' + each.textContent.trim().slice(0, 60))"""


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

    def open_page(
        path: Path, *, dark: bool = False, phone: bool = False, script: bool = True
    ) -> tuple[Any, Heard]:
        context = browser.new_context(
            viewport=PHONE if phone else DESK,
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
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
    """Open a page, and look at it in light, in dark, on a phone, by keyboard and without JavaScript.

    Returns what is wrong with it. What it loads does not depend on the light, so that it is loaded once for
    both; on a phone the rules on place are asked again.
    """
    base = pytest.importorskip("axe_playwright_python.base")

    def look(path: Path) -> list[str]:
        found = [f"{path.stat().st_size:,} bytes"] if path.stat().st_size > LARGEST else []
        page, heard = visit(path)
        found += _of_loading(path, heard)
        found += ["has a script"] if page.locator("script").count() else []
        page.evaluate(OPEN_FOLDS)
        page.evaluate(base.AXE_SCRIPT)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found += _of_axe(page.evaluate(ASK, {"type": "tag", "values": AA}), f"in the {scheme}")
        page.set_viewport_size(PHONE)
        found += _of_axe(page.evaluate(ASK, {"type": "rule", "values": PLACE}), "on a phone")
        page.evaluate(CLOSE_FOLDS)
        found += [*_sideways(page, PHONE), *_sideways(page, DESK)]
        page, _ = visit(path, script=False)
        return [*found, *_by_keyboard(page), *_unread(page)]

    return look


def _by_keyboard(page: Any) -> list[str]:
    """Go through a page with Tab: the skip link, the switch for the code, the first of the contents."""
    found = []
    page.keyboard.press("Tab")
    if not page.evaluate("document.activeElement.matches('.skip')"):
        found.append("the first stop of the keyboard is not the skip link")
    wanted = {"#code": "Space", "nav a": "Enter"}
    there = [each for each in wanted if page.locator(each).count()]
    for _ in range(TABS if there else 0):
        page.keyboard.press("Tab")
        for each in [each for each in there if page.evaluate(f"document.activeElement.matches('{each}')")]:
            page.keyboard.press(wanted[each])
            there.remove(each)
        if not there:
            break
    found += [f"the keyboard does not reach {each}" for each in there]
    if page.locator("nav a").count():
        first = page.locator("nav a").first.get_attribute("href")
        found += [] if page.url.endswith(f"#{first[1:]}") else [f"Enter does not lead to {first}"]
    return found


def _unread(page: Any) -> list[str]:
    """Find what cannot be seen although every fold is open and the code is switched on."""
    page.evaluate(OPEN_FOLDS)
    unseen = [f"cannot be seen: {each}" for each in page.evaluate(UNSEEN)[:3]]
    asks = "javascript" in page.locator("body").inner_text().lower()
    return unseen + ["speaks of JavaScript"] * asks


def _sideways(page: Any, size: dict[str, int]) -> list[str]:
    page.set_viewport_size(size)
    width = page.evaluate("document.documentElement.scrollWidth")
    return [f"scrolls sideways: {width} px of {size['width']}"] if width > size["width"] else []


def _of_axe(violations: list[dict[str, Any]], where: str) -> list[str]:
    return [
        f"{each['id']} {where}: " + ", ".join(node["html"][:120] for node in each["nodes"][:3])
        for each in violations
    ]


def _of_loading(path: Path, heard: Heard) -> list[str]:
    own = path.resolve().as_uri()
    asked = [f"asks for {url}" for url in heard.requests if url != own and not url.startswith("data:")]
    return (
        asked + [f"console: {said}" for said in heard.console] + [f"dialog: {said}" for said in heard.dialogs]
    )
