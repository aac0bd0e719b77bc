from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from qieval.simulate import DEMO, DEMO_SEED, SimulatedStudy, simulate, write
from qieval.simulate.study import TABLES, as_csv


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    return simulate(DEMO_SEED)


def test_the_committed_demonstration_is_regenerated_byte_for_byte(
    study: SimulatedStudy, repo: Path, tmp_path: Path
) -> None:
    written = write(study, tmp_path)
    committed = repo / "data" / "demo-collab"
    names = [path.relative_to(tmp_path) for path in written]
    assert len(names) == 34
    for name in names:
        assert (tmp_path / name).read_bytes() == (committed / name).read_bytes(), name


def test_the_demonstration_is_small_and_has_unix_line_ends(repo: Path) -> None:
    shipped = (repo / "data" / "demo-collab").glob("wave-[012]/*.csv")
    files = [path.read_bytes() for path in shipped]
    assert len(files) == 33
    assert sum(map(len, files)) < 2_500_000
    assert not any(b"\r" in content for content in files)


@pytest.mark.parametrize("table", TABLES)
def test_a_wave_holds_all_that_the_one_before_held_and_no_table_is_empty(
    study: SimulatedStudy, table: str
) -> None:
    waves = [study.at(wave)[table] for wave in range(3)]
    for earlier, later in pairwise(waves):
        assert len(earlier) > 0
        if table not in {"sites", "codebook"}:  # a status or a definition may change
            ends = [name for name in ("stop",) if name in later]  # learnt later
            kept = later.loc[earlier.index]
            pd.testing.assert_frame_equal(kept.drop(columns=ends), earlier.drop(columns=ends))


def test_nothing_is_known_before_it_happened(study: SimulatedStudy) -> None:
    for wave, (_, last) in enumerate(DEMO.cuts):
        tables = study.at(wave)
        for table in ("coaching", "sources", "sites"):
            assert tables[table]["date"].max() <= last
        for table in ("changes", "events"):
            assert tables[table][["start", "stop"]].max().max() <= last
        assert tables["measures"]["period"].max() <= last[:7]
        assert tables["outcomes"]["wave"].max() == wave


def test_another_truth_of_one_table_leaves_the_others_as_they_were(study: SimulatedStudy) -> None:
    grown = replace(DEMO, capability=replace(DEMO.capability, coached=(0.0, 2.0, 2.0)))
    other = simulate(DEMO_SEED, grown)
    for table in TABLES:
        assert getattr(other, table).equals(getattr(study, table)) == (table != "capability"), table


def test_another_seed_is_another_study(study: SimulatedStudy) -> None:
    other = simulate(DEMO_SEED + 1)
    assert not other.outcomes.equals(study.outcomes)
    assert other.codebook.equals(study.codebook)


def test_csv_text_has_fixed_formats_and_leaves_the_frame_alone() -> None:
    frame = pd.DataFrame(
        {"years": [0.5, None], "n": pd.array([1, None], dtype="Int64"), "yes": [True, False]}
    )
    before = frame.copy()
    assert as_csv(frame) == "years,n,yes\n0.50,1,true\n,,false\n"
    pd.testing.assert_frame_equal(frame, before)
