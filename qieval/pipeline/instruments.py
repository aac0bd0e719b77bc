"""Whether an instrument is still the one by which earlier waves were published."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from qieval.errors import Fault

if TYPE_CHECKING:
    from qieval.capability import Instrument
    from qieval.pipeline.extract import Extract


def changed_instruments(
    extract: Extract, *, made_now: Collection[int] = ()
) -> tuple[tuple[Fault, ...], tuple[str, ...]]:
    """Hold the instruments of a wave against those by which the study's earlier waves were published.

    Parameters
    ----------
    extract : Extract
        The wave; its instruments can be read.
    made_now : collection of int
        Waves that the same run makes anew: how they were published before does not matter.

    Returns
    -------
    tuple of Fault, tuple of str
        Instruments changed under the same version, with what differs; and remarks on those whose file
        declares a new version.
    """
    faults, remarks = [], []
    for name in extract.spec.instruments:
        now, shown = extract.instrument(name), extract.workspace.shown(extract.instrument_path(name))
        for wave, then in _published(extract, name):
            if wave in made_now or then.hash == now.hash:
                continue
            differs = f"wave {wave} was published by another {name} ({'; '.join(then.differences(now))})"
            if then.version != now.version:
                remarks.append(f"{shown}: {differs}; whether their scores compare is for the study to say")
                continue
            remedy = "undo the change, run that wave again too, or declare a new version in the file"
            faults.append(Fault(file=shown, column="version", problem=differs, remedy=remedy))
    return tuple(faults), tuple(remarks)


def _published(extract: Extract, name: str) -> Iterator[tuple[int, Instrument]]:
    from pydantic import ValidationError

    from qieval.capability import Instrument
    from qieval.pipeline.reuse import read_record

    for wave in range(extract.wave.wave):
        record = read_record(extract.workspace.published(extract.name, wave)) or {}
        try:
            yield wave, Instrument.model_validate_json(record["instruments"][name])
        except (KeyError, TypeError, ValidationError):
            continue
