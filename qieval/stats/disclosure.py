"""Which counts are too small to show, and which others must be hidden with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def too_small(
    sizes: ArrayLike, *, below: int, always: NDArray[np.bool_] | None = None, fewest: int = 2
) -> NDArray[np.bool_]:
    """Tell which cells of one row to hide when the row's total is known.

    Hidden are cells that hold 1 to `below` - 1 people, and those of `always`; then, smallest first, as many
    others as it takes for what is known of the hidden cells' sum not to give one of them away: they hold at
    least `below` people together, and not just one in each of them.

    Parameters
    ----------
    sizes : array of int, shape (cells,)
        People in each cell.
    below : int
        Fewest people that may be shown.
    always : array of bool, shape (cells,), optional
        Cells to hide whatever they hold.
    fewest : int
        Fewest cells to hide where any is hidden; 3 where a mean and its standard error are known too.
    """
    counts = np.asarray(sizes, dtype=np.int64)
    whatever = np.zeros(counts.size, dtype=bool) if always is None else always
    hidden = whatever | ((counts > 0) & (counts < below))
    if not hidden.any() or not counts.sum():
        return hidden
    for cell in np.argsort(np.where(counts > 0, counts, counts.max() + 1), kind="stable"):
        together = int(counts[hidden].sum())
        if together >= below and together > (hidden & ~whatever).sum() and hidden.sum() >= fewest:
            break
        hidden[cell] = True
    return hidden
