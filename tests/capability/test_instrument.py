"""Instrument files: what ships reads, and what is wrong is refused with every fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from qieval.capability import Instrument
from qieval.errors import InputError

SHIPPED = (
    "aim-iam-fim",
    "basic-qi",
    "coproduction-ladder",
    "data-trust",
    "ihi-collaborative",
    "musiq",
    "passport",
    "qikat-r",
    "self-assessment",
    "sus",
    "team-safety",
    "toolkit-steps",
    "utility",
)
SMALL = """\
id: small
title: Small scale
version: "1"
source: {cite: nobody, licence: CC0}
response: {min: 1, max: 5, na_codes: [DK]}
items:
  - {id: a, label: First}
  - {id: b, label: Second, reverse: true}
  - {id: c, label: Third}
subscales:
  pair: {items: [a, b], method: mean}
total: {method: sum}
missing: {rule: max_missing, value: 1}
bands:
  - {lower: 3, upper: 8, label: low}
  - {lower: 9, upper: 15, label: high}
"""


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str) -> Path:
        path = tmp_path / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_instruments_read(repo: Path, name: str) -> None:
    assert Instrument.read(repo / "params" / "instruments" / f"{name}.yaml").id == name


def test_every_shipped_file_is_tested(repo: Path) -> None:
    assert sorted(path.stem for path in (repo / "params" / "instruments").glob("*.yaml")) == sorted(SHIPPED)


def test_musiq_has_its_published_range_and_bands(repo: Path) -> None:
    musiq = Instrument.read(repo / "params" / "instruments" / "musiq.yaml")
    assert len(musiq.items) == 24
    assert musiq.span(musiq.total) == (24, 168)
    assert [band.lower for band in musiq.bands] == [24, 25, 50, 80, 120]
    assert "24" in musiq.bands[0].note
    grouped = [name for scale in musiq.subscales.values() for name in musiq.members(scale)]
    assert sorted(grouped) == musiq.item_ids


def test_qikat_r_gives_nine_points_a_scenario(repo: Path) -> None:
    qikat = Instrument.read(repo / "params" / "instruments" / "qikat-r.yaml")
    assert [qikat.span(scale) for scale in qikat.subscales.values()] == [(0, 9)] * 3
    assert (qikat.span(qikat.total), qikat.respondent) == ((0, 27), "rater")


def test_differences_are_named_by_their_keys(write) -> None:
    first = Instrument.read(write(SMALL))
    other = Instrument.read(
        write(SMALL.replace("label: Third", "label: Last").replace("na_codes: [DK]", "na_codes: []"))
    )
    assert first.differences(other) == [
        "response.na_codes.1: DK, then nothing",
        "items.c.label: Third, then Last",
    ]
    assert first.differences(first) == []


def test_an_instrument_cannot_be_changed(write) -> None:
    instrument = Instrument.read(write(SMALL))
    with pytest.raises(ValidationError, match="frozen"):
        instrument.title = "Other"  # type: ignore[misc]


def test_the_hash_follows_content_not_layout(write) -> None:
    first = Instrument.read(write(SMALL)).hash
    assert (
        Instrument.read(write("# a remark\n" + SMALL.replace("{min: 1, max", "{ min: 1,  max"))).hash == first
    )
    assert (
        Instrument.read(write(SMALL.replace("upper: 8", "upper: 7").replace("lower: 9", "lower: 8"))).hash
        != first
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lower: 9", "lower: 10", "a gap: a total of 9 is in no band"),
        ("lower: 9", "lower: 11", "a gap: totals from 9 to 10 are in no band"),
        ("lower: 9", "lower: 8", "an overlap: 'high' starts at 8"),
        ("lower: 3,", "lower: 4,", "a gap: a total of 3 is in no band"),
        ("upper: 15", "upper: 14", "a gap: a total of 15 is in no band"),
        ("upper: 15", "upper: 16", "above the highest total 15"),
        ("upper: 8", "upper: 2", "below its start"),
        ("label: high", "label: low", "the same label"),
        ("id: b", "id: a", "the id 'a' is given 2 times"),
        ("items: [a, b]", "items: [a, z]", "no such items: z"),
        ("items: [a, b]", "items: [a, a]", "given twice"),
        ("min: 1, max: 5", "min: 5, max: 5", "min 5 is not below max 5"),
        ("na_codes: [DK]", "na_codes: [3]", "3 is an answer on the scale"),
        ("value: 1", "value: 3", "leaves nothing to score"),
        (", value: 1", "", "needs a value"),
        ("rule: max_missing, value: 1", "rule: min_answered, value: 4", "cannot be asked for"),
        ("label: First", "label: First, importance_of: z", "no such item: z"),
        ("rule: max_missing", "rule: strict", "takes no value"),
        ("rule: max_missing, value: 1", "rule: min_prop, value: 1.5", "up to 1"),
        ("min: 1,", "min: yes,", "valid number"),
        ("title: Small scale", "titel: Small scale", "Extra inputs"),
        ('version: "1"', "version: 1", "valid string"),
        ("method: sum", "method: median", "'sum', 'mean', 'count' or 'sus'"),
        ("id: small", "id: small\nid: other", "duplicate key"),
        ("id: a, label: First", "id: a, label: *name", "undefined alias|alias"),
    ],
)
def test_a_fault_is_refused_in_words(write, old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(InputError, match=said):
        Instrument.read(write(SMALL.replace(old, new, 1)))


def test_all_faults_come_back_at_once(write) -> None:
    with pytest.raises(InputError) as caught:
        Instrument.read(
            write(SMALL.replace("lower: 9", "lower: 10").replace("items: [a, b]", "items: [a, z]"))
        )
    assert len(caught.value.faults) == 2
    assert all(fault.file == "small.yaml" for fault in caught.value.faults)


@pytest.mark.parametrize(
    "text", ["[" * 5_000, "[" * 21 + "]" * 21, "- a list", "", "a: 'unclosed", "a: &x 1\nb: *x\n"]
)
def test_what_is_no_instrument_is_refused(write, text: str) -> None:
    with pytest.raises(InputError):
        Instrument.read(write(text))


def test_a_file_of_unlikely_size_is_not_read(write) -> None:
    with pytest.raises(InputError, match="larger than 256 kB"):
        Instrument.read(write("# " + "x" * 300_000))


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Instrument.read(tmp_path / "none.yaml")
