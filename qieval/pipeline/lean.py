"""Start Jupyter's libraries without the parsers that they build and never use.

Three quarters of the time that ``import nbformat`` takes goes into some 35 Lark parsers of `rfc3987_syntax`,
which jsonschema wants for the format ``iri``; no Jupyter schema uses it (jsonschema issue 1428, nbformat
issue 420).
"""

from __future__ import annotations

import sys

UNUSED = "rfc3987_syntax"


def skip_unused_parsers() -> None:
    """Make the import of the unused parsers fail fast; call this before nbformat is first imported."""
    if UNUSED not in sys.modules:
        sys.modules[UNUSED] = None  # type: ignore[assignment]  # documented: None makes the import fail
