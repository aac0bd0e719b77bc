"""A wave's outcomes as moments, for a joint analysis of sites that may not share rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qieval.errors import DesignError
from qieval.pipeline.planning import plan_waves
from qieval.pipeline.study import open_study
from qieval.pipeline.workspace import Workspace
from qieval.trial import Moments


def write_moments(waves: Sequence[Path], workspace: Workspace, folder: Path) -> Iterator[Path]:
    """Write a file for each outcome of each wave that is a mean or a proportion, arms unadjusted.

    Parameters
    ----------
    waves : sequence of Path
        Wave files; checked first.
    workspace : Workspace
        Where they are.
    folder : Path
        Where the files go: ``<study>-wave-<N>-<outcome>.json``, read by `qieval.trial.Moments.read`.

    Raises
    ------
    InputError
        If a wave is at fault; nothing is written then.
    DesignError
        After the others were written: outcomes of which a number would stand for fewer people than the
        study's disclosure rule allows.
    """
    refused = []
    for plan in plan_waves(waves, workspace):
        opened = open_study(plan.study_name, plan.wave, workspace=workspace)
        for name, outcome in plan.spec.outcomes.items():
            if outcome.type == "count":
                continue
            found = opened.analysis(name)
            moments = Moments.from_frame(found.data, outcome=name, arm="arm", cluster=found.cluster)
            path = folder / f"{plan.study_name}-wave-{plan.wave}-{name}.json"
            folder.mkdir(parents=True, exist_ok=True)
            try:
                moments.write(path, fewest=plan.spec.disclosure.suppress_below)
            except DesignError as reason:
                refused.append(f"{path.name} was not written. {reason}")
            else:
                yield path
    if refused:
        raise DesignError("\n".join(refused))
