"""The adapters: a PyTorch module in few lines, and a process that speaks JSON lines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from sabcore import SABConfig
from sabcore.validate.adapters import process, torch_module
from sabcore.validate.cases import ask
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.program import FunctionProgram
from sabcore.validate.verdict import validate


class PlainLSTM(torch.nn.Module):
    """A batch-first LSTM with an output layer, as anybody would write it."""

    def __init__(self, I, H, O):  # noqa: E741
        super().__init__()
        self.lstm = torch.nn.LSTM(I, H, batch_first=True)
        self.out = torch.nn.Linear(H, O)

    def forward(self, x):
        return self.out(self.lstm(x)[0])


def build(config):
    return PlainLSTM(config["input_size"], config["hidden_size"], config["output_size"])


def state(p):
    return {
        "lstm.weight_ih_l0": p["W_ih"],
        "lstm.weight_hh_l0": p["W_hh"],
        "lstm.bias_ih_l0": p["b"],
        "lstm.bias_hh_l0": 0 * p["b"],
        "out.weight": p["V_h"],
        "out.bias": p["d"],
    }


def found(implementation, **fields):
    return validate(FunctionProgram(implementation), "lstm", "lstm", {"k_trunc": None, **fields})


def test_a_torch_module_is_right():
    assert found(torch_module(build, state, batch_first=True)).exit == 0


def test_a_whole_bias_loaded_twice_is_found():
    verdict = found(torch_module(build, lambda p: state(p) | {"lstm.bias_hh_l0": p["b"]}, batch_first=True))
    assert [mistake.name for mistake in verdict.judgement.fits[0].mistakes] == ["b counted twice, and its gradient"]
    assert verdict.verdict == "mapping"


def test_a_transposed_matrix_is_found():
    def transposed(p):
        return state(p) | {"lstm.weight_hh_l0": torch.cat([gate.T for gate in p["W_hh"].chunk(4)])}

    verdict = found(torch_module(build, transposed, batch_first=True))
    assert [mistake.name for mistake in verdict.judgement.fits[0].mistakes] == ["W_hh transposed"]


def test_truncation_that_is_ignored_is_found():
    verdict = found(torch_module(build, state, batch_first=True), k_trunc=4)
    assert (verdict.verdict, verdict.exit) == ("other", 1)
    assert verdict.judgement.fits[0].config.k_trunc is None


def test_a_wrong_name_of_the_state_is_said():
    verdict = found(torch_module(build, lambda p: {"rnn.weight": p["W_ih"]}, batch_first=True))
    assert verdict.exit == 2
    assert verdict.error is not None
    assert "the module has no rnn.weight; it has lstm.weight_ih_l0" in verdict.error


PROGRAM = """
import json, sys
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tests.validate.programs import implementation
for line in sys.stdin:
    request = json.loads(line)
    with safe_open(request["question"], "numpy") as file:
        config = json.loads(file.metadata()["config"])
    question = load_file(request["question"])
    params = {name[6:]: value for name, value in question.items() if name.startswith("param.")}
    save_file(implementation()(config, params, question["x"], question["dy"]), request["answer"])
    print(json.dumps({"ok": True}), flush=True)
"""


def test_a_process_in_any_language(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (tmp_path / "program.py").write_text(PROGRAM)
    implementation = process([sys.executable, str(tmp_path / "program.py")])
    assert validate(FunctionProgram(implementation), "it", "paper").exit == 0


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("print('hello')", "its reply is not a JSON object on one line"),
        ("print('{\"ok\": true}')", "its answer cannot be read"),
        ("raise SystemExit(4)", "it ends the process: exit code 4"),
        ('print(\'{"error": "no such layer"}\')', "no such layer"),
    ],
)
def test_a_process_that_does_not_speak_the_protocol(source, says, tmp_path):
    (tmp_path / "program.py").write_text(source)
    verdict = validate(FunctionProgram(process([sys.executable, str(tmp_path / "program.py")], 5.0)), "it", "paper")
    assert verdict.exit == 2
    assert says in str(verdict.error)


def test_a_jax_function():
    jax = pytest.importorskip("jax")
    from sabcore.validate.adapters import jax_function

    def lstm(config, params, x):
        H = config["hidden_size"]

        def step(carry, x_t):
            h, c = carry
            z = x_t @ params["W_ih"].T + h @ params["W_hh"].T + params["b"]
            i, f, o = (jax.nn.sigmoid(z[:, n * H : (n + 1) * H]) for n in (0, 1, 3))
            c = f * c + i * jax.numpy.tanh(z[:, 2 * H : 3 * H])
            h = o * jax.numpy.tanh(c)
            return (h, c), h @ params["V_h"].T + params["d"]

        zeros = jax.numpy.zeros((x.shape[1], H))
        return jax.lax.scan(step, (zeros, zeros), x)[1]

    question = ask(SABConfig.lstm(input_size=3, hidden_size=4, output_size=5), 1, 6, 2)
    case = Observed(question, FunctionProgram(jax_function(lstm)).ask(question))
    right = answer(Hypothesis(question.config), question)
    assert right is not None
    assert set(case.grads) == {f"grad.{name}" for name in (*question.params, "x")}
    assert case.error(right, ["y", *case.grads]) <= 1
