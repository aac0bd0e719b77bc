from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import qieval
from qieval import cli
from qieval.errors import Fault, InputError, RunError
from qieval.pipeline.terminal import complain

STUDY = "title: Small\ndesign: uncontrolled\n"
WAVE = "study: small\nwave: 0\nlabel: baseline\ndata: ../../data/small/wave-0\nreports: [10_look]\n"
HEAVY = {
    "pandas",
    "numpy",
    "scipy",
    "matplotlib",
    "papermill",
    "nbconvert",
    "nbformat",
    "pandera",
    "jupyter_client",
}


@pytest.fixture
def small(tmp_path: Path, repo: Path) -> Path:
    """A workspace with one study and a notebook, without data."""
    for path, words in {"study.yaml": STUDY, "wave-0.yaml": WAVE}.items():
        place = tmp_path / "params" / "small" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(words, encoding="utf-8")
    (tmp_path / "data" / "small" / "wave-0").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    shown = (repo / "notebooks" / "80_waves.ipynb").read_text(encoding="utf-8")
    (tmp_path / "notebooks" / "10_look.ipynb").write_text(shown, encoding="utf-8")
    return tmp_path


def said(capsys: Any, *words: str) -> tuple[int, str, str]:
    code = cli.main(words)
    out, err = capsys.readouterr()
    return code, out, err


def test_the_version_is_told_without_a_workspace(capsys: Any) -> None:
    assert said(capsys, "--version") == (0, f"qieval {qieval.__version__}\n", "")


def test_list_shows_questions_parameters_and_states(small: Path, capsys: Any) -> None:
    code, out, err = said(capsys, "list", "--workspace", str(small))
    assert (code, err) == (0, "")
    assert "  10_look  How do the key results move from wave to wave?\n" in out
    assert "      wave: int = 2  number of the wave\n" in out
    assert "  params/small/wave-0.yaml (baseline): not run yet\n" in out


def test_list_goes_on_past_what_cannot_be_read(small: Path, capsys: Any) -> None:
    (small / "notebooks" / "20_torn.ipynb").write_text("{", encoding="utf-8")
    (small / "params" / "small" / "wave-1.yaml").write_text("wave: [", encoding="utf-8")
    code, out, err = said(capsys, "list", "--workspace", str(small))
    assert code == 0
    assert "10_look" in out
    assert "params/small/wave-1.yaml: at fault" in out
    assert "notebooks/20_torn.ipynb" in err


def test_new_wave_copies_the_last_one_and_says_what_is_next(small: Path, capsys: Any) -> None:
    code, out, err = said(capsys, "new-wave", "small", "1", "--workspace", str(small))
    assert (code, err) == (0, "")
    assert "then: qieval run params/small/wave-1.yaml" in out
    assert (small / "data" / "small" / "wave-1").is_dir()
    code, _, err = said(capsys, "new-wave", "small", "1", "--workspace", str(small))
    assert code == 2
    assert "params/small/wave-1.yaml: is there already" in err


def test_check_runs_nothing_and_says_that_all_is_in_order(small: Path, capsys: Any) -> None:
    wave = small / "params" / "small" / "wave-0.yaml"
    code, out, _ = said(capsys, "check", str(wave), "--workspace", str(small))
    assert code == 0
    assert out == "In order: params/small/wave-0.yaml: 1 report, 0 tables\n"
    assert not (small / "reports").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["run"], 2, "Missing argument"),
        (["rum"], 2, "No such command"),
        (["run", "x.yaml", "--jobs", "0"], 2, "jobs"),
        (["run", "x.yaml", "--jobs", "many"], 2, "jobs"),
        (["run", "x.yaml", "--wrong"], 2, "--wrong"),
        (["new-wave", "small", "-1"], 2, ""),
        (["run", "params/small/wave-7.yaml"], 2, "there is no such file"),
        (["list", "--workspace", "no-such-folder"], 2, "no-such-folder"),
    ],
)
def test_a_mistake_in_the_command_is_told_with_exit_code_2(
    small: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(small)
    found, out, err = said(capsys, *words)
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (
            InputError([Fault(file="a.csv", problem="one"), Fault(file="b.csv", problem="two")]),
            2,
            "- b.csv: two",
        ),
        (RunError("the report is torn"), 1, "the report is torn"),
        (
            PermissionError(13, "Permission denied", "reports/index.html"),
            1,
            "reports/index.html: Permission denied",
        ),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (KeyboardInterrupt(), 130, "Interrupted"),
    ],
)
def test_whatever_goes_wrong_is_said_in_words(
    small: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("qieval.pipeline.waves.list_waves", fail)
    found, _, err = said(capsys, "list", "--workspace", str(small))
    assert found == code
    assert message in err


def test_an_error_that_nobody_foresaw_is_not_hidden(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("qieval.pipeline.waves.list_waves", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["list", "--workspace", str(small)])


def test_text_from_data_cannot_steer_the_terminal(capsys: Any) -> None:
    complain("a\x1b[2Jb\rc\x9b1md\n[bold]e[/bold]\tf")
    assert capsys.readouterr().err == "a\\x1b[2Jb\\x0dc\\x9b1md\n[bold]e[/bold]\tf\n"


def test_long_paths_are_not_broken_into_lines(capsys: Any) -> None:
    path = "/very" * 60
    complain(path)
    assert capsys.readouterr().err == path + "\n"


@pytest.mark.parametrize("command", [["--help"], ["list"]])
def test_help_and_list_wait_for_no_heavy_library(small: Path, command: list[str]) -> None:
    code = "import sys; from qieval.cli import main; main(sys.argv[1:]); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=small, capture_output=True, text=True, check=True
    )
    assert "qieval.cli" in done.stdout
    loaded = {name.strip("'[] ").split(".")[0] for name in done.stdout.splitlines()[-1].split(",")}
    assert not loaded & HEAVY


def test_a_reader_that_leaves_early_is_no_error(small: Path) -> None:
    words = f"{sys.executable} -m qieval.cli list | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", words], cwd=small, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1)
    assert done.stderr == ""
