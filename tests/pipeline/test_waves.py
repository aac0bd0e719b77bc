from __future__ import annotations

from qieval.pipeline.waves import list_waves, wave_files


def test_waves_are_listed_in_order_with_their_state(tiny) -> None:
    (tiny.workspace.study_folder("tiny") / "wave-10.yaml").write_text(":")
    (tiny.workspace.study_folder("tiny") / "wave-x.yaml").write_text(":")
    published = tiny.workspace.published("tiny", 0)
    published.mkdir(parents=True)
    (published / "run.json").write_text("{}")
    assert list(wave_files(tiny.workspace, "tiny")) == [0, 1, 10]
    assert [(each.study, each.wave, each.label, each.state) for each in list_waves(tiny.workspace)] == [
        ("tiny", 0, "baseline", "published"),
        ("tiny", 1, "month 6", "not run yet"),
        ("tiny", 10, "", "at fault"),
    ]
