"""Time the pipeline beside the plain commands: ``python tests/bench/pipeline.py [WAVE...] [--rounds 3]``.

The same reports both ways, in one run, alternating: one after another with ``papermill`` and ``jupyter
nbconvert --to html``, and with ``qieval run``, from kernels started cold and from forked ones; again with
nothing changed, and with the rows of one table of one wave in another order. Seconds inside the kernels'
cells, which bound any ratio, and the peak memory of all processes of a run stand beside. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import psutil

REPO = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PLAIN = "plain papermill and nbconvert commands"


def timed(root: Path, *words: str) -> tuple[float, float]:
    """Wall seconds of a command that must succeed, and the peak memory of its processes in MB."""
    environment = os.environ | {"QIEVAL_WORKSPACE": str(root), "PYTHONPATH": str(REPO)}
    start, peak = time.perf_counter(), [0.0]
    with subprocess.Popen(
        words, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        watch = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watch.start()
        said = process.communicate()[1].decode(errors="replace")
    taken = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{said}")
    return taken, peak[0]


def _watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Follow the memory that belongs to a process and all that it has started; shared pages count once."""
    while process.poll() is None:
        total = 0
        with_children = psutil.Process().children(recursive=True)
        for each in with_children:
            try:
                total += each.memory_full_info().pss
            except (psutil.Error, AttributeError):
                continue
        peak[0] = max(peak[0], total / 1e6)
        time.sleep(0.25)


def plain(root: Path, jobs: Sequence[dict[str, object]]) -> tuple[float, float]:
    """Run each report with the two plain commands; seconds, and those inside the cells."""
    out, total, inside = root / "plain", 0.0, 0.0
    out.mkdir(exist_ok=True)
    for number, job in enumerate(jobs):
        made = out / f"{number}.ipynb"
        values = [
            word for name, value in job["parameters"].items() for word in ("-y", json.dumps({name: value}))
        ]
        notebook = f"notebooks/{str(job['report']).partition('--')[0]}.ipynb"
        total += timed(root, str(BIN / "papermill"), notebook, str(made), "--cwd", str(root), *values)[0]
        total += timed(root, str(BIN / "jupyter"), "nbconvert", "--to", "html", str(made))[0]
        cells = json.loads(made.read_text(encoding="utf-8"))["cells"]
        inside += sum(cell["metadata"].get("papermill", {}).get("duration") or 0 for cell in cells)
    return total, inside


def reverse_rows(table: Path) -> None:
    """Turn the rows of a table round: another file, as valid as before."""
    head, *rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join([head, *rows[::-1]]), encoding="utf-8")


def measure(root: Path, waves: Sequence[str], table: Path) -> dict[str, float]:
    """One round: every way of running, in turn."""
    command = [sys.executable, "-m", "qieval.cli", "run", *waves]
    found = subprocess.run([*command, "--list", "--json"], cwd=root, capture_output=True, check=True)
    jobs = json.loads(found.stdout)
    taken: dict[str, float] = {"reports": len(jobs)}
    taken["qieval run, kernels from nothing"], taken["MB, kernels from nothing"] = timed(
        root, *command, "--cold", "--force"
    )
    shutil.rmtree(root / "reports")
    taken["qieval run, kernels forked"], taken["MB, kernels forked"] = timed(root, *command)
    taken["qieval run, nothing changed"] = timed(root, *command)[0]
    reverse_rows(table)
    taken["qieval run, one table changed"] = timed(root, *command)[0]
    taken[PLAIN], taken["of which inside the cells"] = plain(root, jobs)
    return taken


def main() -> None:
    """Copy a workspace, measure, and print medians and ratios."""
    waves = [*REPO.glob("params/demo-collab/wave-*.yaml"), *REPO.glob("params/demo-ms/wave-*.yaml")]
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("waves", nargs="*", default=sorted(str(each.relative_to(REPO)) for each in waves))
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--table", default="data/demo-collab/wave-1/coaching.csv")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("params", "data", "notebooks"):
            shutil.copytree(REPO / name, root / name)
        rounds = [measure(root, options.waves, root / options.table) for _ in range(options.rounds)]
    middle = {name: median(each[name] for each in rounds) for name in rounds[0]}
    for name, value in middle.items():
        ratio = f"{middle[PLAIN] / value:8.1f} x" if name.startswith("qieval") else ""
        print(f"{name:<44}{value:10.2f}{ratio}", flush=True)  # noqa: T201 (a command's output)


if __name__ == "__main__":
    main()
