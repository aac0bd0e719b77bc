"""Write the demonstration study's extracts: ``python -m qieval.simulate data/demo-collab [--seed N]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from qieval.simulate import DEMO_SEED, simulate, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, write the wave folders and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m qieval.simulate", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the folders wave-0, wave-1, … go")
    parser.add_argument("--seed", type=int, default=DEMO_SEED, help="seed (default: %(default)s)")
    given = parser.parse_args(arguments)
    files = write(simulate(given.seed), given.folder)
    size = sum(file.stat().st_size for file in files)
    sys.stdout.write(f"{len(files)} files, {size / 1e6:.1f} MB, in {given.folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
