"""How much work a vector file asks for: a small file can name a great many steps, and a stranger's should not."""

from __future__ import annotations

from sabcore.engine.truncation import make_truncation
from sabcore.errors import FormatError
from sabcore.vectors.record import Vector

#: A file that would take longer than this, by estimate, is not computed unless asked for.
LIMIT_SECONDS = 10.0
#: The plain engine on one core of a common machine, forward and backward: seconds a step whatever the sizes, a
#: multiplication and addition of the LSTM, and a term (slot times unit) of the scores.
STEP, PRODUCT, TERM = 2.5e-4, 1e-10, 1e-8


def estimated_seconds(vector: Vector) -> float:
    """What recomputing `vector` once takes, to within a small factor."""
    config, (T, B, I) = vector.config, vector.x.shape  # noqa: E741
    levels = make_truncation(config, T).levels
    products = T * B * 4 * config.hidden_size * (I + config.hidden_size) * (2 + levels)
    written = config.slots_before(T + 1)
    units = config.A if config.score == "additive" else 1
    return STEP * T + PRODUCT * products + TERM * B * units * written * T / 2


def refuse_too_much_work(vector: Vector, otherwise: str = "") -> None:
    """Let a vector pass that can be recomputed within `LIMIT_SECONDS`.

    Raises:
        FormatError: saying how long it would take, and what to do `otherwise`.
    """
    if (seconds := estimated_seconds(vector)) > LIMIT_SECONDS:
        T, B, _ = vector.x.shape
        raise FormatError(
            f"it asks for about {seconds:.0f} s of work (T = {T}, B = {B}, H = {vector.config.hidden_size}), "
            f"but should ask for at most {LIMIT_SECONDS:.0f}{otherwise}"
        )
