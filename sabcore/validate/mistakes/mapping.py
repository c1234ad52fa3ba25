"""Parameters or gradients in the wrong place: what goes wrong before any semantics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import permutations

import numpy as np

from sabcore.validate.mistakes.record import Mistake, Tensors

GATES = "ifgo"
_STACKED = ("W_ih", "W_hh", "b")
Move = Callable[[np.ndarray], np.ndarray]


def _on(names: tuple[str, ...], move: Move) -> Callable[[Tensors], Tensors]:
    """Moves the tensors of these names and leaves the others."""

    def moved(tensors: Tensors) -> Tensors:
        return tensors | {name: move(tensors[name]) for name in names if name in tensors}

    return moved


def _in_order(order: tuple[int, ...], value: np.ndarray) -> np.ndarray:
    """(4H, ...) with its four blocks in another order."""
    return np.concatenate([np.split(value, 4)[gate] for gate in order])


def _gates(order: tuple[int, ...]) -> Mistake:
    letters = " ".join(GATES[gate] for gate in order)
    back = tuple(int(place) for place in np.argsort(order))
    return Mistake(
        f"gates in the order {letters}",
        f"The four blocks of W_ih, W_hh and b are taken for {letters}; they are i f g o.",
        "mapping",
        takes=_on(_STACKED, partial(_in_order, back)),
        gives=_on(_STACKED, partial(_in_order, order)),
    )


def _square_transposed(value: np.ndarray) -> np.ndarray:
    """(n H, H), each block of H rows transposed; anything else as it is."""
    rows, columns = value.shape
    if rows % columns:
        return value
    return value.reshape(-1, columns, columns).swapaxes(1, 2).reshape(rows, columns)


def _reread(value: np.ndarray) -> np.ndarray:
    """(P,Q), its memory taken for that of a (Q,P)."""
    return value.reshape(value.shape[::-1]).T


def _reread_back(value: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(value.T).reshape(value.shape)


def _transposed(name: str) -> Mistake:
    move = _on((name,), _square_transposed)
    return Mistake(
        f"{name} transposed", f"{name} is (out, in), and is taken for (in, out).", "mapping", takes=move, gives=move
    )


def _misread(name: str) -> Mistake:
    why = f"{name} is reshaped into its transpose's shape, which leaves the numbers in their old order."
    takes, gives = _on((name,), _reread), _on((name,), _reread_back)
    return Mistake(f"{name} reshaped, not transposed", why, "mapping", takes=takes, gives=gives)


def _swapped(one: str, other: str) -> Mistake:
    def swap(tensors: Tensors) -> Tensors:
        if one not in tensors or other not in tensors:
            return tensors
        return tensors | {one: tensors[other], other: tensors[one]}

    return Mistake(
        f"{one} and {other} swapped",
        f"{one} is used where {other} belongs, and {other} where {one} does.",
        "mapping",
        takes=swap,
        gives=swap,
    )


def _left_out(name: str) -> Mistake:
    zero = _on((name,), np.zeros_like)
    return Mistake(f"{name} left out", f"{name} is not used.", "mapping", takes=zero, gives=zero)


def _times(name: str, why: str, takes: float | None, gives: float) -> Mistake:
    def by(factor: float) -> Callable[[Tensors], Tensors]:
        return _on(("b",), lambda b: factor * b)

    return Mistake(name, why, "mapping", takes=None if takes is None else by(takes), gives=by(gives))


def _forget_more(params: Tensors) -> Tensors:
    i, f, g, o = np.split(params["b"], 4)
    return params | {"b": np.concatenate((i, f + 1, g, o))}


MATRICES = ("W_ih", "W_hh", "W_m", "W_q", "V_h", "V_s")
MAPPING = [
    *(_gates(order) for order in permutations(range(4)) if order != (0, 1, 2, 3)),
    *(_transposed(name) for name in ("W_hh", "W_m", "W_q")),
    *(_misread(name) for name in MATRICES),
    *(_swapped(*pair) for pair in (("W_m", "W_q"), ("u_q", "u_m"), ("V_h", "V_s"))),
    *(_left_out(name) for name in ("b", "d")),
    _times("b counted twice", "The whole b is loaded into b_ih and again into b_hh.", 2, 1),
    _times("b counted twice, and its gradient", "The whole b is loaded twice, and both gradients are added up.", 2, 2),
    Mistake(
        "1 added to the forget gate",
        "The forget gate is sigmoid(z_f + 1), as TensorFlow and Haiku have it; b is all there is.",
        "forward",
        takes=_forget_more,
    ),
    _times(
        "gradient of b counted twice", "b_ih and b_hh get the same gradient; that of b is either, not the sum.", None, 2
    ),
]
