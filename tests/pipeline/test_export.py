"""A wave is handed on to nobody that its reports are not for, and as an archive with no clock of its own."""

from __future__ import annotations

import zipfile
from typing import Any

import pytest

from qieval.cli import main
from qieval.pipeline.export import write_zip


def does(tiny: Any, *words: str) -> int:
    return main([words[0], str(tiny.wave), *words[1:], "--workspace", str(tiny.root)])


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("public", "10_look--pain is for the sites, not for the public"),
        ("committee", "is not signed, so it is for the team alone"),
        ("everybody", "expected one of team, committee, sites, public"),
    ],
)
def test_a_wider_audience_an_unsigned_wave_and_an_unknown_audience_are_refused(
    tiny: Any, capsys: Any, to: str, said: str
) -> None:
    tiny.append(tiny.study, "audiences: {10_look: sites}\n")
    assert does(tiny, "publish", "--to", to) == 2
    assert said in capsys.readouterr().err


def test_what_is_not_up_to_date_is_not_handed_on(tiny: Any, capsys: Any) -> None:
    assert does(tiny, "publish", "--zip") == 2
    assert "is not published, or something has changed since" in capsys.readouterr().err


def test_a_signed_wave_goes_to_those_that_it_is_for_as_one_archive(tiny: Any, capsys: Any) -> None:
    tiny.replace(tiny.wave, "reports:\n  - 10_look: {outcome: pain}", "reports: []")
    for words in (["freeze"], ["sign", "--by", "A. B."], ["run"], ["publish", "--to", "public", "--zip"]):
        assert does(tiny, *words) == 0, capsys.readouterr().err
    folder = tiny.workspace.published("tiny", 1)
    archive = folder.with_name("wave-1.zip")
    first = archive.read_bytes()
    with zipfile.ZipFile(archive) as found:
        published = {f"wave-1/{path.name}" for path in folder.iterdir()}
        assert set(found.namelist()) == published | {"wave-1/sbom.cdx.json"}
        assert {entry.date_time for entry in found.infolist()} == {(2024, 6, 30, 0, 0, 0)}
        assert found.read("wave-1/run.json") == (folder / "run.json").read_bytes()
    assert write_zip(folder).read_bytes() == first
