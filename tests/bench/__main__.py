"""Time the engines beside their peers in one run: medians and ratios, never asserted (``make bench``).

Peers give fewer numbers than qieval. R is timed where Rscript with lme4 is found, wildboottest, krippendorff
and defusedxml where they are installed. ``make bench`` gives every program one thread: otherwise the
comparison measures the number of cores.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import measures
import trial_engine

if __name__ == "__main__":
    measures.main()
    trial_engine.run()
    for name in ("capability", "coding"):
        runpy.run_path(str(Path(__file__).with_name(f"{name}.py")), run_name="__main__")
