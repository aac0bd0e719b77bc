"""Which counts are too small to show, and which others must be hidden with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Mask = NDArray[np.bool_]


def rounded_to(counts: ArrayLike, base: int | None) -> NDArray[np.float64]:
    """Round counts of people to a multiple of `base`, halves up; as they are without one."""
    known = np.asarray(counts, dtype=float)
    return known if base is None else np.floor(known / base + 0.5) * base


def too_small(sizes: ArrayLike, *, below: int, always: Mask | None = None, fewest: int = 2) -> Mask:
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


def shares_too_small(
    met: ArrayLike, sizes: ArrayLike, *, below: int, fewest: int = 2, in_turn: bool = False
) -> Mask:
    """Tell which shares of one row to hide: a share and its denominator give both of their sides.

    Hidden are shares with 1 to `below` - 1 people met, not met, or in all; then others as in `too_small`, for
    the sums of all three to be known.

    Parameters
    ----------
    met, sizes : array, shape (cells,)
        People who have what is counted, and people in all.
    below, fewest : int
        As in `too_small`.
    in_turn : bool
        Whether cells follow each other in time: what is hidden of the first is then chosen without those that
        come later, so that it is hidden in every later publication.
    """
    n = np.rint(np.asarray(sizes, dtype=float)).astype(np.int64)
    x = np.rint(np.asarray(met, dtype=float)).astype(np.int64)
    sides = (x, n - x, n)
    hidden: Mask = np.logical_or.reduce([(side > 0) & (side < below) for side in sides])
    for end in range(1 if in_turn else len(n), len(n) + 1):
        part = hidden[:end]
        for side in (*sides, *sides):  # twice, for what one side hides can make another too small
            if part.any():
                part |= too_small(side[:end], below=below, always=part.copy(), fewest=fewest)
    return hidden


def protected(
    sizes: ArrayLike,
    equations: ArrayLike,
    *,
    below: int,
    known: Mask | None = None,
    always: Mask | None = None,
) -> Mask:
    """Tell which cells to hide where many sums are published, so that none can be worked out again.

    Small cells are hidden; then, as long as linear programming finds one of the hidden within less than
    `below` of itself, the cell that stands with it in most equations, the smallest among those.

    Parameters
    ----------
    sizes : array of int, shape (cells,)
        People in each cell; totals are cells like others.
    equations : array, shape (m, cells)
        What readers know of the cells: ``equations @ cells = 0``, so a total has -1.
    below : int
        Fewest people that may be shown.
    known, always : array of bool, shape (cells,), optional
        Cells that are told whatever they hold, as they stand elsewhere; cells to hide whatever they hold.

    References
    ----------
    Willenborg & de Waal, Elements of Statistical Disclosure Control, 2001, ch. 4,
    doi:10.1007/978-1-4613-0121-9 (a heuristic; it need not hide the fewest cells).
    """
    counts, lines = np.asarray(sizes, dtype=float), np.atleast_2d(np.asarray(equations, dtype=float))
    told = np.zeros(counts.size, dtype=bool) if known is None else known
    hidden = (counts > 0) & (counts < below) & ~told
    hidden = hidden if always is None else hidden | always
    while len(weak := _weak(counts, lines, hidden, below)):
        near = (lines[(lines[:, weak] != 0).any(axis=1)] != 0).sum(axis=0)
        free = (near > 0) & ~hidden & ~told & (counts > 0)
        if not free.any():
            break
        hidden[min(np.flatnonzero(free), key=lambda cell: (-near[cell], counts[cell]))] = True
    return hidden


def feasible(sizes: ArrayLike, equations: ArrayLike, hidden: Mask, cell: int) -> tuple[float, float]:
    """Give the least and the most (perhaps infinite) that a hidden cell can hold, by what is published."""
    from scipy.optimize import linprog  # slow to load, and seldom needed

    counts, lines = np.asarray(sizes, dtype=float), np.atleast_2d(np.asarray(equations, dtype=float))
    ends, rest = [], -lines[:, ~hidden] @ counts[~hidden]
    for sign in (1.0, -1.0):
        goal = sign * (np.flatnonzero(hidden) == cell)
        found = linprog(goal, A_eq=lines[:, hidden], b_eq=rest, bounds=(0, None), method="highs")
        ends.append(sign * found.fun if found.status == 0 else sign * -np.inf)
    return ends[0], ends[1]


def _weak(
    counts: NDArray[np.float64], lines: NDArray[np.float64], hidden: Mask, below: int
) -> NDArray[np.intp]:
    """Hidden cells that are known too well."""
    ends = {cell: feasible(counts, lines, hidden, int(cell)) for cell in np.flatnonzero(hidden)}
    return np.array([cell for cell, (low, high) in ends.items() if high - low < below - 1e-6], dtype=np.intp)
