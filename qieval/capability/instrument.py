"""An instrument as data: its items, scale, missing rule, subscales and bands, read from one YAML file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qieval.capability.reading import TOLERANCE, faults, read_yaml
from qieval.errors import Fault, InputError
from qieval.results import Quantity

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=64)]
Words = Annotated[str, Field(min_length=1, max_length=2_000)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Part(BaseModel):
    """Base of the parts of an instrument: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Source(Part):
    """Where the instrument comes from, and what may be shown of it.

    Attributes
    ----------
    cite, licence : str
        For the instrument card.
    doi : str
        Without the resolver's address; empty for none.
    wording : {"own", "authors"}
        Whose words the item labels are: own short labels, or the authors' under `licence`.
    """

    cite: Words
    licence: Words
    doi: str = ""
    wording: Literal["own", "authors"] = "own"


class Response(Part):
    """The answer scale that all items share.

    Attributes
    ----------
    min, max : float
        Lowest and highest answer.
    step : float
        Distance between neighbouring answers.
    labels : dict of number to str
        Words of the scale, where it has them.
    na_codes : list of number or str
        Answers that are none, "don't know" for instance: counted per item, never scored.
    """

    min: Number
    max: Number
    step: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    labels: dict[float, Words] = {}
    na_codes: tuple[float | str, ...] = Field(default=(), strict=False)


class Item(Part):
    """One question.

    Attributes
    ----------
    reverse : bool
        A high answer means little of what is measured.
    importance_of : str, optional
        The item whose subject this one asks the importance of.
    """

    id: Name
    label: Words
    group: str = ""
    reverse: bool = False
    importance_of: Name | None = None


class Missing(Part):
    """When a score is given although answers are missing.

    Attributes
    ----------
    rule : {"strict", "max_missing", "min_answered", "min_prop"}
        None missing; at most `value` missing; at least `value` answered; at least the proportion `value`
        answered.
    value : float, optional
        For all but the first.
    """

    rule: Literal["strict", "max_missing", "min_answered", "min_prop"] = "strict"
    value: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    def most(self, n_items: int) -> int:
        """Most answers that may be missing of `n_items`."""
        if self.rule == "strict" or self.value is None:
            return 0
        if self.rule == "max_missing":
            return int(self.value)
        least = self.value * (n_items if self.rule == "min_prop" else 1)
        return n_items - int(np.ceil(least - TOLERANCE))


class Scale(Part):
    """A subscale, or the total: which items, and how they become one number.

    Attributes
    ----------
    items : list of str
        Ids; empty for all items.
    method : {"sum", "mean", "count", "sus"}
        Sum of the answers, their mean, the number of answers at the top of the scale, or the mean as a share
        of the scale from 0 to 100 (Brooke's SUS).
    prorate : bool
        Whether sums and counts with permitted gaps are scaled up to all items (mean answer times number of
        items); otherwise a gap adds nothing.
    missing : Missing, optional
        The instrument's own rule where absent.
    """

    items: tuple[Name, ...] = Field(default=(), strict=False)
    method: Literal["sum", "mean", "count", "sus"] = "sum"
    prorate: bool = True
    label: str = ""
    missing: Missing | None = None


class Reliability(Part):
    """What is published of the reliability of the total, and where."""

    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    retest: Annotated[float, Field(gt=0, lt=1)] | None = None
    source: Words


class Band(Part):
    """A range of the total, as printed, and its name; a total between two printed ranges is in the lower."""

    lower: Number
    upper: Number
    label: Words
    note: str = ""


class Instrument(Part):
    """A questionnaire: what is asked, how it is scored, and how a score is read.

    Attributes
    ----------
    id, title, version : str
        `version` is the owner's; `hash` changes with any change of content.
    source : Source
        Citation and licence.
    respondent : {"individual", "team-consensus", "rater"}
        Who fills one form.
    response : Response
        The answer scale.
    items : tuple of Item
        In the order of the form.
    subscales : dict of str to Scale
        By name; an item may serve in several.
    total : Scale
        The main score.
    missing : Missing
        Rule for the total and for each subscale that has none of its own.
    bands : tuple of Band
        Tiling the whole possible range of the total, lowest first; empty for none.
    better : {"higher", "lower"}
        Direction in which a change is an improvement.
    unit : str
        Unit of the total.
    mcid : float, optional
        Smallest change of the total that matters, in its unit.
    reliability : Reliability, optional
        Published; read where the study's own forms are too few.
    raters_at_least : int
        Fewest raters behind a score, where raters fill the forms.
    """

    id: Name
    title: Words
    version: str
    source: Source
    respondent: Literal["individual", "team-consensus", "rater"] = "individual"
    response: Response
    items: tuple[Item, ...] = Field(min_length=1, max_length=1_000, strict=False)
    subscales: dict[Name, Scale] = {}
    total: Scale = Scale()
    missing: Missing = Missing()
    bands: tuple[Band, ...] = Field(default=(), strict=False)
    better: Literal["higher", "lower"] = "higher"
    unit: str = "points"
    mcid: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    reliability: Reliability | None = None
    raters_at_least: Annotated[int, Field(ge=1)] = 1

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read an instrument file; every fault in it comes back at once, in one `InputError`."""
        path = Path(path)
        content = read_yaml(path)
        try:
            instrument = cls.model_validate(content)
        except ValidationError as error:
            wrong = [
                Fault(file=path.name, column=".".join(map(str, each["loc"])) or None, problem=each["msg"])
                for each in error.errors(include_url=False, include_input=False, include_context=False)
            ]
            raise InputError(wrong) from None
        if found := [
            Fault(file=path.name, column=key, problem=problem) for key, problem in faults(instrument)
        ]:
            raise InputError(found)
        return instrument

    @property
    def hash(self) -> str:
        """SHA-256 of the content, whatever the layout and comments of the file."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def differences(self, other: Instrument) -> list[str]:
        """Say each key whose content is another in `other`: ``response.max: 7, then 5``."""
        mine, theirs = (_flat(each.model_dump(mode="json")) for each in (self, other))
        keys = dict.fromkeys([*mine, *theirs])
        absent = "nothing"
        return [
            f"{key}: {mine.get(key, absent)}, then {theirs.get(key, absent)}"
            for key in keys
            if mine.get(key, absent) != theirs.get(key, absent)
        ]

    @property
    def item_ids(self) -> list[str]:
        """Ids of the items, in the order of the form."""
        return [item.id for item in self.items]

    def members(self, scale: Scale) -> list[str]:
        """Ids of the items that a scale is made of."""
        return list(scale.items) or self.item_ids

    def span(self, scale: Scale) -> tuple[float, float]:
        """Lowest and highest possible score of a scale."""
        if scale.method in {"sus", "count"}:
            return 0.0, 100.0 if scale.method == "sus" else float(len(self.members(scale)))
        times = len(self.members(scale)) if scale.method == "sum" else 1
        return times * self.response.min, times * self.response.max

    def quantity(self) -> Quantity:
        """What the total is a number of, for sentences and tables."""
        label = self.total.label or f"{self.title} score"
        return Quantity(
            name=self.id,
            label=label,
            unit=self.unit,
            better=self.better,
            mcid=self.mcid,
            span=self.span(self.total),
        )


def _flat(content: object, key: str = "") -> dict[str, object]:
    """Leaves of nested content by their dotted keys; parts of a list by their id or place."""
    if isinstance(content, dict):
        parts = [(str(name), part) for name, part in content.items()]
    elif isinstance(content, list):
        parts = [
            (str(part["id"]) if isinstance(part, dict) and "id" in part else str(place + 1), part)
            for place, part in enumerate(content)
        ]
    else:
        return {key: content}
    return {
        leaf: value
        for name, part in parts
        for leaf, value in _flat(part, f"{key}.{name}" if key else name).items()
    }
