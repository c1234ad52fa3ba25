"""Records of a trace hold what their lines say, in the shapes that they say."""

import inspect
import re

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.trace import EDGES, ByHops, credit
from sabcore.trace.record import READ_EDGES, Gradients, Reads
from sabcore.trace.source import random_source

T, H, K = 7, 4, 3


@pytest.fixture(params=["additive", "separable"])
def found(request):
    config = SABConfig.paper(input_size=3, hidden_size=H, output_size=2, attention_size=5, k_top=2, score=request.param)
    source = random_source(config, T, 0)
    return credit(config, source.params, source.x, source.dy, labels=ByHops(K - 1))


def stated(record: type) -> dict[str, str]:
    return dict(re.findall(r"^    (\w+): np\.ndarray  # \(([^)]*)\)", inspect.getsource(record), re.M))


def test_each_steps_gradients(found):
    assert list(stated(Gradients)) == list(Gradients._fields)
    assert len(found.steps) == T
    for t, step in enumerate(found.steps, start=1):
        R, A = min(t - 1, 3), len(found.grads["w_a"]) if "w_a" in found.grads else 1
        sizes = {"H": H, "4H": 4 * H, "R": R, "A": A if R else 0}
        for name, shape in stated(Gradients).items():
            assert getattr(step, name).shape == tuple(sizes[axis] for axis in shape.split(",") if axis), (t, name)


def test_reads_are_in_the_order_of_steps_and_of_older_slots(found):
    assert list(stated(Reads)) == list(Reads._fields)
    assert len({value.shape for value in found.reads}) == 1
    assert (np.diff(found.reads.step) >= 0).all()
    assert (found.reads.written < found.reads.step).all()
    assert ((found.reads.weight != 0) | (found.reads.score != 0)).all()


def test_norms_and_shares_are_there_for_every_edge(found):
    assert found.norms.keys() == found.share.keys() == set(EDGES) >= set(READ_EDGES)
    assert {value.shape for value in [*found.norms.values(), *found.share.values(), found.total]} == {(T + 1, K)}
    sums = sum(value.sum(axis=1) for edge, value in found.share.items() if edge != "query")
    np.testing.assert_allclose(sums[found.total.any(axis=1)], 1, atol=1e-12)
    assert found.grads["x"].shape == (T, 3)
    assert found.grads["h0"].shape == (H,)
