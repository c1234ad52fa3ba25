"""Programs that lie, break or misbehave: each must get its own verdict, and none may take the validator down."""

from __future__ import annotations

import os
import random
import sys
import time
from typing import Any

import numpy as np

from tests.validate.programs import implementation

right = implementation()
_state = {"calls": 0}


def zero(config: Any, params: Any, x: Any, dy: Any) -> Any:
    return {name: np.zeros_like(value) for name, value in right(config, params, x, dy).items()}


def wrong_gradient(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    return answer | {"grad.W_hh": 0.5 * answer["grad.W_hh"]}


def by_chance(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    return answer | {"y": answer["y"] + np.random.default_rng().normal()}


def keeps_state(config: Any, params: Any, x: Any, dy: Any) -> Any:
    _state["calls"] += 1
    answer = right(config, params, x, dy)
    return answer | {"y": answer["y"] + 0.1 * _state["calls"]}


def raises(config: Any, params: Any, x: Any, dy: Any) -> Any:
    raise RuntimeError("size mismatch,\nm1: [3 x 4]")


def hangs(config: Any, params: Any, x: Any, dy: Any) -> Any:
    while True:
        time.sleep(1)


def leaves(config: Any, params: Any, x: Any, dy: Any) -> Any:
    sys.exit(0)


def dies(config: Any, params: Any, x: Any, dy: Any) -> Any:
    os._exit(3)


def eats_memory(config: Any, params: Any, x: Any, dy: Any) -> Any:
    eaten = []
    while True:
        eaten.append(np.ones(1 << 24))


def single(config: Any, params: Any, x: Any, dy: Any) -> Any:
    """Right, and in float32 throughout."""
    params = {name: value.astype(np.float32) for name, value in params.items()}
    answer = right(config, params, x.astype(np.float32), dy.astype(np.float32))
    return {name: value.astype(np.float32) for name, value in answer.items()}


def half(config: Any, params: Any, x: Any, dy: Any) -> Any:
    return {name: value.astype(np.float16) for name, value in right(config, params, x, dy).items()}


def batch_first(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    return answer | {"y": answer["y"].swapaxes(0, 1)}


def transposed_gradient(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    return answer | {"grad.W_hh": answer["grad.W_hh"].T}


def no_mapping(config: Any, params: Any, x: Any, dy: Any) -> Any:
    return right(config, params, x, dy)["y"]


def no_outputs(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    del answer["y"]
    return answer


def not_a_number(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    answer["y"][4:] = np.nan
    return answer


def writes(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    params["W_hh"] *= 0.5
    x[0] = 0
    return answer


def prints(config: Any, params: Any, x: Any, dy: Any) -> Any:
    print("step", "x" * 100_000)
    os.write(1, b"on the file descriptor itself\n")
    return right(config, params, x, dy)


def reseeds(config: Any, params: Any, x: Any, dy: Any) -> Any:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    return right(config, params, x, dy)


def outputs_alone(config: Any, params: Any, x: Any, dy: Any) -> Any:
    return {"y": right(config, params, x, dy)["y"]}


def unknown_names(config: Any, params: Any, x: Any, dy: Any) -> Any:
    answer = right(config, params, x, dy)
    return answer | {"dW_hh": answer["grad.W_hh"]}


def one_input(config: Any, params: Any, x: Any, dy: Any) -> Any:
    if x.shape[2] != 1:
        raise ValueError("input must have one feature")
    return right(config, params, x, dy)


def one_sequence(config: Any, params: Any, x: Any, dy: Any) -> Any:
    if x.shape[1] != 1:
        raise ValueError("expected a batch of one")
    return right(config, params, x, dy)


def shares(config: Any, params: Any, x: Any, dy: Any) -> Any:
    """Sequences influence each other, in no way that is known."""
    return right(config, params, x - 0.1 * x.mean(axis=1, keepdims=True), dy)


def only_separable(config: Any, params: Any, x: Any, dy: Any) -> Any:
    """A port of the released code: whatever is asked, it computes that."""
    ours = {"score": "separable", "threshold_rank": "k_top", "margin": 1e-7, "small_memory": "raw"}
    params["u_q"]
    return implementation({**ours, "memory_start": "zero_state", "segment_offset": 1, "sparsifier": "threshold"})(
        config, params, x, dy
    )
