"""Write a demonstration study's extracts: ``python -m qieval.simulate data/demo-collab [--seed N]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from qieval.simulate import (
    DEMO_MS_SEED,
    DEMO_SEED,
    SimulatedStudy,
    SimulatedTables,
    registry,
    simulate,
    write,
)

STUDIES: dict[str, tuple[Callable[[int], SimulatedStudy | SimulatedTables], int]] = {
    "demo-collab": (simulate, DEMO_SEED),
    "demo-ms": (registry, DEMO_MS_SEED),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, write the wave folders and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m qieval.simulate", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the folders of the waves go")
    parser.add_argument("--study", choices=STUDIES, help="which study (default: the folder's name)")
    parser.add_argument("--seed", type=int, help="seed (default: the study's own)")
    given = parser.parse_args(arguments)
    name = given.study or given.folder.name
    if name not in STUDIES:
        parser.error(f"which study is {name!r}? Add --study, one of {', '.join(STUDIES)}")
    draw, own = STUDIES[name]
    files = write(draw(own if given.seed is None else given.seed), given.folder)
    size = sum(file.stat().st_size for file in files)
    sys.stdout.write(f"{len(files)} files, {size / 1e6:.1f} MB, in {given.folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
