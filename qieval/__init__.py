"""Evaluate quality-improvement collaboratives: effects, capability and coding, wave after wave.

The names below are all that a notebook needs::

    import qieval as qi

    study = qi.open_study("demo-collab", wave=2)
    analysis = study.analysis("fatigue")
    effect = qi.trial.estimate(analysis.data, outcome="fatigue", arm="arm", cluster="site", stratum="region")
    effect.tidy()

``trial``, ``capability``, ``coding`` and ``measures`` compute; ``exhibits`` makes tables, figures and
sentences of what they return.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qieval import capability, coding, exhibits, measures, trial
    from qieval.errors import DesignError, InputError, QievalError
    from qieval.pipeline.plans import open_plan
    from qieval.pipeline.study import open_study

__version__ = "0.1.0"
__all__ = [
    "DesignError",
    "InputError",
    "QievalError",
    "__version__",
    "capability",
    "coding",
    "exhibits",
    "measures",
    "open_plan",
    "open_study",
    "trial",
]

# Imported when first used: `qieval list` must not wait for SciPy, nor a tally for the mixed model.
_HOMES = {
    "DesignError": ("qieval.errors", "DesignError"),
    "InputError": ("qieval.errors", "InputError"),
    "QievalError": ("qieval.errors", "QievalError"),
    "capability": ("qieval.capability", None),
    "coding": ("qieval.coding", None),
    "exhibits": ("qieval.exhibits", None),
    "measures": ("qieval.measures", None),
    "open_plan": ("qieval.pipeline.plans", "open_plan"),
    "open_study": ("qieval.pipeline.study", "open_study"),
    "trial": ("qieval.trial", None),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'qieval' has no attribute {name!r}")
    home, attribute = _HOMES[name]
    module = importlib.import_module(home)
    return module if attribute is None else getattr(module, attribute)


def __dir__() -> list[str]:
    return __all__
