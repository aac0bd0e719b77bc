"""The command as a process, on a tiny study: what it publishes, and what it leaves alone when it fails."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from qieval.cli import main

MIME = "application/vnd.qieval.result+json"
PATIENCE = 60
PARAMETERS = 'study: str = "tiny"  # study\nwave: int = 1  # wave\noutcome: str = "pain"  # outcome'


def show(kind: str, name: str, estimate: float = 1.5) -> str:
    """Code of a cell that shows an exhibit without importing anything heavy."""
    numbers = dict.fromkeys(["se", "df", "statistic", "p_value", "ci_low", "ci_high", "n", "n_clusters"])
    result = {"key": "x", "term": "b - a", "method": "m", "estimate": estimate, **numbers, "level": 0.95}
    result |= {"unit": "points", "primary": True, "status": "interim", "notes": []}
    payload = {"schema": 1, "kind": kind, "name": name, "caption": f"It is {estimate}.", "role": "headline"}
    payload |= {"columns": ["a"], "rows": [["=x"], [0.1]], "results": [result] if kind == "table" else []}
    return (
        f"display({{'text/html': '<p>shown</p>', {MIME!r}: json.loads({json.dumps(payload)!r})}}, raw=True)"
    )


NOISY = "\n".join(
    [
        "import sys, warnings, time, os",
        "print('out', sorted({'a', 'b'}), hash('x'), flush=True); print('err', file=sys.stderr)",
        "warnings.warn('careful', stacklevel=1)",
        "print(os.getcwd() == os.environ['QIEVAL_WORKSPACE'], outcome)",
    ]
)
KILL_WORKER = "os.kill(int(get_ipython().kernel.parent.ip.rpartition('-')[2]), 9)"
SEEN = (
    "rows = json.load(open(os.environ['QIEVAL_RESULTS']))['results']\n"
    "earlier = os.path.exists(f'reports/{study}/wave-{wave - 1}/results.json')\n"
    "print('read', [row['key'] for row in rows], earlier)"
)


def write_notebook(path: Path, *sources: str, parameters: str = PARAMETERS, **metadata: Any) -> None:
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    code = [(parameters, ["parameters"]), ("import json, os", ["setup"]), *((each, []) for each in sources)]
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# What is there?"}
    ]
    for position, (source, tags) in enumerate(code):
        cell = {"id": f"c{position}", "metadata": {"tags": tags}, "source": source}
        cells.append(cell | {"cell_type": "code", "execution_count": None, "outputs": []})
    whole = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, **metadata},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(whole), encoding="utf-8")


def command(root: Path, *words: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QIEVAL")}
    return subprocess.Popen(
        [sys.executable, "-m", "qieval.cli", *words],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    )


def finished(root: Path, *words: str) -> tuple[int, str, str]:
    with command(root, *words) as process:
        out, err = process.communicate(timeout=PATIENCE * 3)
    return process.returncode, out, err


def tree(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder, dot folders included; but for locks, which are empty, and seals."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    files = (path for path in found if path.parent.name != ".sealed")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def ready(tiny: Any) -> Iterator[Any]:
    """The tiny study with a notebook that shows a headline and a table; kernels left behind are ended."""
    write_notebook(
        tiny.root / "notebooks" / "10_look.ipynb", NOISY, show("statement", "line"), show("table", "effect")
    )
    yield tiny
    for pid_file in tiny.root.glob("*.pid"):
        pid = int(pid_file.read_text())
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def published(ready: Any) -> Path:
    """Something published, made by hand."""
    folder = ready.root / "reports" / "tiny" / "wave-1"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("published before", encoding="utf-8")
    (folder / "results.json").write_text("{}", encoding="utf-8")
    return Path(folder)


def make_slow(tiny: Any) -> Path:
    """Make the notebook wait for ever, after saying by a file which process its kernel is."""
    pid = tiny.root / "kernel.pid"
    code = (
        f"open({str(pid)!r} + '~', 'w').write(str(os.getpid())); os.rename({str(pid)!r} + '~', {str(pid)!r})"
    )
    code = f"open({str(tiny.root / 'scratch')!r}, 'w').write(os.environ['QIEVAL_SCRATCH'])\n{code}"
    write_notebook(tiny.root / "notebooks" / "10_look.ipynb", code, "import time; time.sleep(600)")
    return Path(pid)


def running(root: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a run, and wait until its kernel is at work."""
    process = command(root, "run", "params/tiny/wave-1.yaml")
    pid = root / "kernel.pid"
    until(pid.exists)
    return process, int(pid.read_text())


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_run_publishes_exactly_these_files_and_the_same_bytes_again(ready: Any) -> None:
    write_notebook(ready.root / "notebooks" / "80_all.ipynb", SEEN, needs=["results"])
    ready.replace(
        ready.wave, "  - 10_look: {outcome: pain}", "  - 80_all\n  - 10_look\n  - 10_look: {outcome: fall}"
    )
    second = ready.workspace.wave_file("tiny", 2)
    second.write_text(
        ready.wave.read_text().replace("wave: 1", "wave: 2").replace("month 6", "'[red]year'"),
        encoding="utf-8",
    )

    code, out, err = finished(
        ready.root, "run", "params/tiny/wave-2.yaml", "params/tiny/wave-1.yaml", "--jobs", "2"
    )
    assert code == 0, err
    lines = out.splitlines()
    assert len([line for line in lines if " made in " in line]) == 6
    assert "Published tiny wave 1 (month 6): reports/tiny/wave-1/index.html" in lines
    assert "Published tiny wave 2 ([red]year): reports/tiny/wave-2/index.html" in lines
    assert lines[-1] == "All studies: reports/index.html"

    reports = ready.root / "reports"
    first = tree(reports)
    names = ["10_look", "10_look--fall", "80_all"]
    wave = [f"{name}.html" for name in names] + [f"notebooks/{name}.ipynb" for name in names]
    wave += ["index.html", "results.json", "run.json", "ro-crate-metadata.json"]
    wave += ["exhibits/10_look--2-effect.csv", "exhibits/10_look--fall--2-effect.csv"]
    assert set(first) == {"index.html", *(f"tiny/wave-{n}/{file}" for n in (1, 2) for file in wave)}
    check_published(reports / "tiny" / "wave-1")
    page = (reports / "tiny" / "wave-2" / "80_all.html").read_text(encoding="utf-8")
    assert "10_look/effect/x" in page
    assert "True" in page, "a later wave sees the results of an earlier one"

    code, out, err = finished(ready.root, "run", "params/tiny/wave-1.yaml", "params/tiny/wave-2.yaml")
    assert code == 0, err
    assert out.splitlines() == ["Up to date: tiny wave 1 (month 6)", "Up to date: tiny wave 2 ([red]year)"]
    assert tree(reports) == first

    code, out, err = finished(ready.root, "run", "params/tiny/wave-1.yaml", "--jobs", "1", "--force")
    assert code == 0, err
    again = tree(reports)
    differing = {name for name in first if first[name] != again[name]}
    assert differing <= {"tiny/wave-1/run.json"}
    assert set(first) == set(again)


def check_published(folder: Path) -> None:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert (results["schema"], results["study"], results["wave"]) == (1, "tiny", 1)
    assert [row["key"] for row in results["results"]] == ["10_look/effect/x", "10_look--fall/effect/x"]
    assert results["results"][0]["exhibit"] == 2
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert [report["report"] for report in run["reports"]] == ["80_all", "10_look", "10_look--fall"]
    assert run["reports"][2]["parameters"] == {"study": "tiny", "wave": 1, "outcome": "fall"}
    assert run["started"] <= run["ended"]
    with (folder / "exhibits" / "10_look--2-effect.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["a"], ["'=x"], ["0.1"]]
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert "It is 1.5." in index
    assert 'href="10_look--fall.html"' in index
    executed = json.loads((folder / "notebooks" / "10_look.ipynb").read_text(encoding="utf-8"))
    text = json.dumps(executed)
    assert executed["metadata"]["papermill"] == {
        "parameters": {"study": "tiny", "wave": 1, "outcome": "pain"}
    }
    assert not [word for word in ("duration", "start_time", "iopub", str(folder.parents[2])) if word in text]
    said = [
        output["text"] for cell in executed["cells"] for output in cell.get("outputs", []) if "text" in output
    ]
    assert "True pain" in "".join(line for lines in said for line in lines)


def test_a_failing_report_is_told_kept_aside_and_publishes_nothing(ready: Any, published: Path) -> None:
    before = tree(ready.root / "reports")
    write_notebook(
        ready.root / "notebooks" / "20_bad.ipynb", "first = 1", "1 / 0  # [bold] here", "never = 1"
    )
    write_notebook(ready.root / "notebooks" / "30_dead.ipynb", "os._exit(3)")
    write_notebook(ready.root / "notebooks" / "40_worker.ipynb", KILL_WORKER)
    write_notebook(
        ready.root / "notebooks" / "50_twice.ipynb", show("table", "t", 1.0), show("table", "t", 2.0)
    )
    write_notebook(ready.root / "notebooks" / "80_all.ipynb", SEEN, needs=["results"])
    names = ("20_bad", "30_dead", "40_worker", "50_twice", "80_all")
    ready.replace(
        ready.wave, "  - 10_look: {outcome: pain}", "\n".join(f"  - {each}" for each in (*names, "10_look"))
    )

    code, out, err = finished(ready.root, "run", str(ready.wave))
    assert code == 1
    assert "10_look made in" in out, "the other reports are run to their end"
    assert "Not published: tiny wave 1 (month 6); reports/tiny/wave-1 is as it was." in err
    assert "20_bad failed in this cell:\n    1 / 0  # [bold] here\nZeroDivisionError: division by zero" in err
    assert "30_dead failed in this cell:\n    os._exit(3)\nDeadKernelError: the kernel ended" in err
    assert "40_worker failed.\nWorkerEnded: the process that ran this report was ended by SIGKILL" in err
    assert "t/x is shown twice with different numbers (estimate)" in err
    assert "Not tried, because they read the others' results: 80_all." in err
    page = ready.root / "reports" / ".failed" / "tiny" / "wave-1" / "20_bad.html"
    assert f"Its page, with the whole traceback: {page.relative_to(ready.root)}" in err
    assert "ZeroDivisionError" in page.read_text(encoding="utf-8")
    assert (page.parent / "10_look.html").exists()
    after = tree(ready.root / "reports")
    assert {name: after.get(name) for name in before} == before
    assert all(name in before or name.startswith(".failed/") for name in after)


def test_after_a_failure_the_next_run_makes_only_what_is_left_and_says_why(ready: Any) -> None:
    bad = ready.root / "notebooks" / "20_bad.ipynb"
    write_notebook(bad, "1 / 0")
    ready.append(ready.wave, "  - 20_bad\n")
    code, _, _ = finished(ready.root, "run", str(ready.wave))
    assert code == 1
    write_notebook(bad, show("statement", "mended"))
    code, out, err = finished(ready.root, "run", str(ready.wave), "--why")
    assert code == 0, err
    assert "[1/2] tiny wave 1: 10_look is up to date" in out
    assert "tiny wave 1: 20_bad: there is no record of it" in out
    assert not (ready.root / "reports" / ".failed" / "tiny" / "wave-1").exists()


def test_a_report_made_alone_is_found_by_the_next_run_of_its_wave(ready: Any) -> None:
    ready.append(ready.wave, "  - 10_look: {outcome: fall}\n")
    code, out, err = finished(ready.root, "run", str(ready.wave), "--list", "--json")
    assert code == 0, err
    words = [each["command"] for each in json.loads(out)]
    assert words[1] == ["qieval", "run", "params/tiny/wave-1.yaml", "--only", "10_look--fall"]
    code, _, err = finished(ready.root, *words[1][1:])
    assert code == 0, err
    assert not (ready.root / "reports" / "tiny").exists()
    code, out, err = finished(ready.root, "run", str(ready.wave))
    assert code == 0, err
    assert "10_look--fall is up to date" in out
    assert "10_look made in" in out
    assert not list((ready.root / "reports" / ".alone").rglob("run.json"))


def test_a_cell_that_ends_the_report_early_is_a_failure(ready: Any) -> None:
    write_notebook(ready.root / "notebooks" / "10_look.ipynb", "import sys; sys.exit(0)", "never = 1")
    code, _, err = finished(ready.root, "run", str(ready.wave))
    assert code == 1
    assert "sys.exit(0)\nSystemExit: this cell ended the report before its last cell" in err


def test_a_killed_run_leaves_the_published_wave_whole_and_no_kernel(ready: Any, published: Path) -> None:
    before = tree(published)
    make_slow(ready)
    process, kernel = running(ready.root)
    with process:
        process.kill()
        process.communicate()
    scratch = Path((ready.root / "scratch").read_text(encoding="utf-8"))
    until(lambda: gone(kernel) and not scratch.exists())
    assert tree(published) == before
    assert (ready.root / "reports" / ".staging" / "tiny" / "wave-1").exists()

    write_notebook(ready.root / "notebooks" / "10_look.ipynb", show("table", "effect"))
    code, _, err = finished(ready.root, "run", str(ready.wave))
    assert code == 0, err
    assert (published / "10_look.html").exists()
    assert (published / "index.html").read_text(encoding="utf-8") != "published before"
    assert not (ready.root / "reports" / ".staging" / "tiny" / "wave-1").exists()


def test_a_second_run_of_a_wave_refuses_and_an_interrupt_ends_the_first(ready: Any, published: Path) -> None:
    before = tree(published)
    make_slow(ready)
    process, kernel = running(ready.root)
    with process:
        staged = tree(ready.root / "reports")
        code, _, err = finished(ready.root, "run", str(ready.wave))
        assert code == 2
        assert "reports/tiny/wave-1: another run is making this wave; wait until it has ended" in err
        assert tree(ready.root / "reports") == staged

        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Interrupted" in err
    assert "Traceback" not in err
    scratch = Path((ready.root / "scratch").read_text(encoding="utf-8"))
    until(lambda: gone(kernel) and not scratch.exists())
    assert tree(published) == before


def test_a_full_disk_is_said_and_what_was_published_is_whole(ready: Any, published: Path) -> None:
    before = tree(published)
    staging = ready.root / "reports" / ".staging"
    staging.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(staging)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        write_notebook(ready.root / "notebooks" / "10_look.ipynb", "print('x' * 10**6)")
        code, _, err = finished(ready.root, "run", str(ready.wave))
    finally:
        subprocess.run(["umount", str(staging)], check=True)
    assert code == 1
    assert "No space left on device" in err
    assert "reports/tiny/wave-1 is as it was" in err
    assert tree(published) == before


FAULTS = {
    "a misspelt parameter": ("wave", "outcome: pain", "outcom: pain", "did you mean 'outcome'"),
    "a wrong type": ("wave", "outcome: pain", "level: high", "level"),
    "an unknown site as a parameter": ("wave", "outcome: pain", "site: Z", "'Z'"),
    "an unknown site in a table": ("outcomes", "006,D", "006,E", "'E'"),
    "a missing column": ("outcomes", "pain,", "ache,", "pain"),
    "an arm that varies within a site": ("sites", "D,usual", "D,coached,South\nD,usual", "arm varies"),
    "a duplicated key": ("outcomes", "002,A,1", "001,A,0", "same key"),
    "a value out of range": ("outcomes", ",7,5,62", ",11,5,62", "11"),
    "an empty table": ("sites", None, "", "sites.csv"),
    "a file that is no YAML": ("wave", "study: tiny", "study: [tiny", "wave-1.yaml"),
    "a file where a folder should be": ("reports", None, "", "reports"),
}


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a worker was asked for")

    monkeypatch.setattr("qieval.pipeline.pool.Pool.send", refuse)


def spoil(tiny: Any, where: str, old: str | None, new: str) -> None:
    places = {"wave": tiny.wave, "reports": tiny.root / "reports"}
    path = places.get(where) or tiny.table(where)
    if old is None:
        path.write_text(new, encoding="utf-8")
    else:
        tiny.replace(path, old, new)


@pytest.mark.usefixtures("no_worker")
@pytest.mark.parametrize("fault", FAULTS)
def test_bad_input_is_one_clear_message_and_nothing_is_run(tiny: Any, capsys: Any, fault: str) -> None:
    where, old, new, said = FAULTS[fault]
    spoil(tiny, where, old, new)
    before = tree(tiny.root)
    assert main(["run", str(tiny.wave), "--workspace", str(tiny.root)]) == 2
    out, err = capsys.readouterr()
    head, *faults = err.splitlines()
    assert out == ""
    assert "nothing was run or changed" in head
    assert len(faults) == 1, err
    assert said in faults[0]
    assert tree(tiny.root) == before


def test_everything_wrong_at_once_is_told_in_one_go(ready: Any, published: Path) -> None:
    before = tree(published.parents[1])
    for name in ("a misspelt parameter", "an unknown site in a table", "an arm that varies within a site"):
        where, old, new, _ = FAULTS[name]
        spoil(ready, where, old, new)
    ready.replace(ready.table("outcomes"), ",7,5,62", ",11,5,62")
    other = ready.workspace.wave_file("tiny", 2)
    other.write_text("study: [tiny", encoding="utf-8")
    code, out, err = finished(ready.root, "run", str(ready.wave), str(other), "params/tiny/wave-9.yaml")
    assert (code, out) == (2, "")
    for said in ("did you mean 'outcome'", "'E'", "arm varies", "11", "wave-2.yaml", "wave-9.yaml"):
        assert said in err
    assert err.startswith("6 faults in the input; nothing was run or changed.\n- ")
    assert "Traceback" not in err
    assert tree(ready.root / "reports") == before
