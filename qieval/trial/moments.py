"""Moments that travel: each site takes its own, hands over no row, and the merged fit is the pooled one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qieval.errors import ArgumentError, DesignError, check_choice
from qieval.stats import moments as stats
from qieval.stats.columns import Floats, arm_codes, is_numeric, listed, require
from qieval.stats.inference import check_level
from qieval.stats.smallsample import DfMethod
from qieval.trial.lmm import MixedModel, fit_moments

SCHEMA = 1
BATCH = 1_000_000
WORDS = ("labels", "clusters", "constants", "covariates")
ARRAYS = ("size", "level", "mean", "scatter")
WHOLE = 1e-6  # how far a count recovered from a mean may lie from a whole number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments(stats.Moments):
    """Per-cluster moments of a trial: sizes, means and centred cross-products; ``a + b`` merges two parts.

    Parts may hold different clusters, or different rows of the same ones. The fit on merged moments is that
    on all rows together.

    Attributes
    ----------
    labels : tuple of str
        Control and intervention.
    """

    labels: tuple[str, str]

    @classmethod
    def from_frame(
        cls, data: pd.DataFrame, *, outcome: str, arm: str, cluster: str, covariates: Sequence[str] = ()
    ) -> Self:
        """Take the moments of a frame.

        Parameters
        ----------
        data : DataFrame
            One row a participant; rows with a missing outcome or covariate are left out.
        outcome, arm, cluster : str
            Columns, as for `qieval.trial.mixed_model`.
        covariates : sequence of str
            Numbers. Words would become other columns at every site; make 0/1 columns of them first, of the
            strata of the allocation too.

        Raises
        ------
        ArgumentError
            For columns that are absent or hold words.
        """
        require(data, [outcome, arm, cluster, *covariates], owner="Moments.from_frame")
        worded = [name for name in covariates if not is_numeric(data[name])]
        if worded:
            raise ArgumentError(
                f"Moments take numbers as covariates; {listed(worded)} hold words. Make 0/1 columns of them."
            )
        _, labels = arm_codes(data[arm])
        # zero-argument super() does not reach through the class that slots=True makes anew
        plain = stats.Moments.from_frame(
            data, outcome=outcome, arm=arm, cluster=cluster, covariates=covariates
        )
        parts = {name: getattr(plain, name) for name in ("clusters", "constants", "covariates", *ARRAYS)}
        return cls(labels=labels, **parts)

    @classmethod
    def from_parquet(
        cls,
        path: Path | str,
        *,
        outcome: str,
        arm: str,
        cluster: str,
        covariates: Sequence[str] = (),
        batch: int = BATCH,
    ) -> Self:
        """Take the moments of a Parquet file of any size, `batch` rows at a time; else as `from_frame`."""
        import pyarrow.parquet as pq

        names = [outcome, arm, cluster, *covariates]
        merged: Self | None = None
        with pq.ParquetFile(path) as file:
            absent = [name for name in names if name not in file.schema_arrow.names]
            if absent:
                raise ArgumentError(
                    f"`Moments.from_parquet`: no column {listed(map(repr, absent))} in the file."
                )
            for rows in file.iter_batches(batch_size=batch, columns=names):
                part = cls.from_frame(
                    rows.to_pandas(), outcome=outcome, arm=arm, cluster=cluster, covariates=covariates
                )
                merged = part if merged is None else merged + part
        if merged is None:
            raise DesignError("The file has no rows.")
        return merged

    def __add__(self, other: Self) -> Self:  # type: ignore[override]
        if self.labels != other.labels:
            raise ArgumentError(f"Moments of unlike arms cannot be added: {self.labels} and {other.labels}.")
        return stats.Moments.__add__(self, other)  # type: ignore[return-value]  # of this class: it replaces fields

    def fit(self, *, df: DfMethod = "kenward-roger", level: float = 0.95) -> MixedModel:
        """Fit the random-intercept model of `qieval.trial.mixed_model` to these moments.

        Raises
        ------
        DesignError
            If an arm has no cluster, the design is singular, or a variance cannot be told.
        """
        check_choice(df, DfMethod, name="df", owner="Moments.fit")
        check_level(level)
        arms = self.level[self.size > 0, 1]
        for label, count in zip(self.labels, ((arms == 0).sum(), (arms == 1).sum()), strict=True):
            if count == 0:
                raise DesignError(f"Arm {label!r} has no cluster with data; two arms are needed.")
        term = f"{self.labels[1]} - {self.labels[0]}"
        return fit_moments(self, arm=self.constants[1], term=term, df=df, level=level)

    def write(self, path: Path | str, *, fewest: int = 5) -> None:
        """Write a small file that holds no row, in full precision.

        Parameters
        ----------
        path : Path or str
            JSON file to write.
        fewest : int
            Fewest people that a cluster, or either value of a yes-or-no column within it, may stand for.

        Raises
        ------
        DesignError
            If a number would stand for fewer people; nothing is written then.
        """
        small = [str(label) for label, few in zip(self.clusters, self._too_few(fewest), strict=True) if few]
        if small:
            raise DesignError(
                f"Moments that stand for fewer than {fewest} people are not written: cluster(s) "
                f"{listed(small)}. Merge clusters, or leave out the column that divides them so finely."
            )
        content: dict[str, Any] = {"kind": "qieval moments", "schema": SCHEMA}
        content |= {name: getattr(self, name) for name in WORDS}
        content |= {name: getattr(self, name).tolist() for name in ARRAYS}
        Path(path).write_text(json.dumps(content, default=_plain), encoding="utf-8")

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a file that `write` wrote.

        Raises
        ------
        ArgumentError
            If it is none, or another version's.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            known = (content["kind"], content["schema"]) == ("qieval moments", SCHEMA)
            arrays = [np.array(content[name], dtype=np.float64) for name in ARRAYS] if known else []
            words = [tuple(content[name]) for name in WORDS] if known else []
        except (ValueError, KeyError, TypeError):
            known = False
        if not known or not _fit_together(words, arrays):
            raise ArgumentError(f"{Path(path).name} is no file of moments of schema {SCHEMA}.")
        parts: dict[str, Any] = dict(zip((*WORDS, *ARRAYS), (*words, *arrays), strict=True))
        return cls(**parts)

    def _too_few(self, fewest: int) -> NDArray[np.bool_]:
        """Which clusters (K,) stand for too few people, in all or by a yes-or-no column."""
        size = self.size[:, None]
        ones = self.mean * size
        scatter = np.diagonal(self.scatter, axis1=1, axis2=2)
        flag = np.abs(scatter - ones * (1 - self.mean)) <= WHOLE * np.maximum(scatter, 1.0)
        flag &= (np.abs(ones - np.rint(ones)) <= WHOLE) & (self.mean >= 0) & (self.mean <= 1)
        fewer = np.minimum(np.rint(ones), size - np.rint(ones))
        rare = (flag & (fewer > 0) & (fewer < fewest)).any(axis=1)
        return np.asarray((self.size < fewest) | rare)


def _fit_together(words: Sequence[tuple[Any, ...]], arrays: Sequence[Floats]) -> bool:
    """Whether the parts of a file have the shapes that they should have to each other."""
    _, clusters, constants, covariates = map(len, words)
    wide = (clusters, covariates + 1)
    shapes = [(clusters,), (clusters, constants), wide, (*wide, covariates + 1)]
    return [each.shape for each in arrays] == shapes


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
