"""Drawings are plain SVG: text as text, colours that follow the page, the same bytes each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns

from qieval.errors import ArgumentError
from qieval.exhibits import theme
from qieval.exhibits.svg import INK, PAPER, SOFT, A, B, C, canvas, tint, tints, to_svg

SVG = "{http://www.w3.org/2000/svg}"


def draw(name: str = "effect", **size: Any) -> str:
    fig, ax = canvas(**size)
    ax.plot([1, 2, 3], [2, -1, 3], "o-", color=A, label="coached")
    ax.bar([1, 2], [1, 1], color=C, hatch="//")
    ax.text(1, 1, "costs $5 & $x^2$ <b>", color=SOFT)
    ax.axhline(0, color="black")
    ax.legend()
    return to_svg(fig, name=name)


def test_text_stays_text_dollar_signs_included() -> None:
    root = ET.fromstring(draw())
    assert "costs $5 & $x^2$ <b>" in ["".join(text.itertext()) for text in root.iter(SVG + "text")]
    assert "−1" in "".join(root.itertext())


def test_only_presentation_attributes_are_left() -> None:
    root = ET.fromstring(draw())
    for element in root.iter():
        assert "style" not in element.attrib
        assert element.tag.removeprefix(SVG) in {
            "svg",
            "g",
            "defs",
            "path",
            "use",
            "text",
            "clipPath",
            "rect",
            "pattern",
        }
    assert "metadata" not in draw()


def test_the_view_box_is_the_only_size() -> None:
    root = ET.fromstring(draw(width=500, height=200))
    assert root.get("viewBox") == "0 0 500 200"
    assert not {"width", "height", "class"} & set(root.attrib)


@pytest.mark.parametrize(
    ("width", "expected"), [(640, "wide"), (800, "wide"), (500, None), (440, "small"), (300, "small")]
)
def test_the_class_tells_how_to_fit_the_page(width: int, expected: str | None) -> None:
    assert ET.fromstring(draw(width=width)).get("class") == expected


def test_every_colour_is_a_variable_with_its_light_value() -> None:
    drawing = draw()
    for paint in re.findall(r'(?:fill|stroke)="([^"]*)"', drawing):
        assert (
            paint == "none"
            or paint.startswith("url(#")
            or re.fullmatch(r"var\(--[a-z]+, #[0-9a-f]{6}\)", paint)
        )
    assert f"var(--a, {A})" in drawing
    assert "#000000" not in drawing


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert draw() == draw()
    assert draw(name="") == draw(name="")


def test_ids_carry_the_name_and_every_reference_is_met() -> None:
    root = ET.fromstring(draw(name="by role"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("by-role-") for name in ids)
    written = ET.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", written)) | set(re.findall(r'href="#([^"]+)"', written))
    assert used == set(ids)


def test_a_figure_without_a_name_is_told_apart_by_what_it_shows() -> None:
    first, second = canvas(), canvas()
    first[1].plot([1, 2], [1, 2], "o")
    second[1].plot([1, 2], [2, 1], "o")
    ids = [set(re.findall(r'id="([^"]+)"', to_svg(fig))) for fig, _ in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_colour_without_a_dark_counterpart_is_refused() -> None:
    fig, ax = canvas()
    ax.plot([1, 2], [1, 2], color="#123456")
    with pytest.raises(ArgumentError, match="#123456"):
        to_svg(fig)


def test_small_text_is_refused_with_its_words() -> None:
    fig, ax = canvas()
    ax.text(0, 0, "fine print", fontsize=9)
    with pytest.raises(ArgumentError, match="'fine print' in a figure is 9 px"):
        to_svg(fig)


def test_an_image_is_refused() -> None:
    fig, ax = canvas()
    ax.imshow(np.eye(3))
    with pytest.raises(ArgumentError, match="pcolormesh"):
        to_svg(fig)


def test_seaborn_draws_on_the_canvas() -> None:
    fig, (left, right) = canvas(640, 240, cols=2)
    data = pd.DataFrame({"arm": ["usual care", "coached"], "mean": [24.0, 21.0]})
    sns.barplot(data, x="arm", y="mean", hue="arm", palette=[B, A], saturation=1, errorbar=None, ax=left)
    grid = pd.DataFrame([[1, 2], [3, 40]], index=["trust", "time"], columns=["nurses", "leads"])
    sns.heatmap(
        grid,
        cmap=tints(),
        annot=True,
        annot_kws={"color": INK},
        cbar=False,
        linecolor=PAPER,
        linewidths=1,
        ax=right,
    )
    drawing = to_svg(fig, name="both")
    assert f"var(--b, {B})" in drawing
    assert 'fill-opacity="0.45' in drawing
    assert ">40</text>" in drawing
    assert not plt.get_fignums()


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_tint_lies_between_nothing_and_all(fraction: float) -> None:
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        tint(fraction)


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def over(colour: str, paper: str, alpha: float) -> str:
    mixed = [
        round(alpha * int(colour[at : at + 2], 16) + (1 - alpha) * int(paper[at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_colours_keep_their_contrast(colours: dict[str, str]) -> None:
    for ground in ("paper", "card", "wash"):
        assert contrast(colours["ink"], colours[ground]) >= 7
        assert contrast(colours["soft"], colours[ground]) >= 4.5
        assert contrast(colours["a"], colours[ground]) >= 4.5
    assert contrast(colours["warn"], colours["warnwash"]) >= 4.5
    for series in "abcde":
        assert contrast(colours[series], colours["paper"]) >= 4.5
        for fraction in (0.0, 0.5, 1.0):
            alpha = int(tint(fraction)[7:], 16) / 255
            assert contrast(colours["ink"], over(colours[series], colours["paper"], alpha)) >= 4.5


def test_light_and_dark_name_the_same_colours_and_no_two_alike() -> None:
    assert list(theme.LIGHT) == list(theme.DARK)
    assert len(set(theme.LIGHT.values())) == len(theme.LIGHT)
