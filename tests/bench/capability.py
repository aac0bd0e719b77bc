"""Time the scoring of an instrument, its reliability and the table of changes, by the number of people.

Three waves of 24 items in one run: processor and wall seconds, and the largest memory so far; never asserted.
Run by itself: ``python tests/bench/capability.py``.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

from qieval.capability import Instrument, compare, score

MUSIQ = Path(__file__).resolve().parents[2] / "params" / "instruments" / "musiq.yaml"
PEOPLE_A_TEAM = 400


def wave(instrument: Instrument, people: int, number: int) -> pd.DataFrame:
    """Answers of everybody at one wave, 2 % of them missing, growing by 0.3 a wave."""
    rng = np.random.default_rng([people, number])
    person = np.random.default_rng(people).normal(size=(people, 1))
    drawn = 4 + 0.3 * number + person + rng.normal(size=(people, len(instrument.items)))
    answers = np.clip(np.round(drawn), 1, 7)
    answers[rng.random(answers.shape) < 0.02] = np.nan
    frame = pd.DataFrame(answers, columns=instrument.item_ids)
    frame.insert(0, "respondent", np.arange(people))
    frame.insert(1, "team", np.arange(people) // PEOPLE_A_TEAM)
    return frame


def main() -> None:
    """Print a row a size: the time should grow as the people do."""
    instrument = Instrument.read(MUSIQ)
    small = [score(wave(instrument, 500, number), instrument) for number in (0, 1)]
    compare(*small, by="respondent", team="team")  # libraries are loaded before the clock starts
    for people in (2_000, 20_000, 200_000):
        waves = [wave(instrument, people, number) for number in range(3)]
        start = time.perf_counter(), time.process_time()
        scored = [score(each, instrument) for each in waves]
        between = time.process_time()
        for later in scored[1:]:
            compare(scored[0], later, by="respondent", team="team")
        wall, done = time.perf_counter() - start[0], time.process_time()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(  # noqa: T201 (a command's output)
            f"{people:>9,} people x 24 items x 3 waves: scoring {between - start[1]:5.2f} s, reliability and "
            f"two tables of changes {done - between:5.2f} s (processor), {wall:5.2f} s in all by the wall, "
            f"{memory:,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
