"""The process that runs a program: one line in, one line out, whatever the program does with its own output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.question import read_answer, write_question
from tests.children import PATIENCE
from tests.imports import ROOT

QUESTION = ask(SABConfig.lstm(input_size=3, hidden_size=4, output_size=5), 1, 3, 2)
PORT = """
import os, sys
import numpy as np

def right(config, params, x, dy, h0=None, c0=None):
    return {"y": x, "grad.b": params["b"], "h": np.full(2, config["hidden_size"])}

def prints(config, params, x, dy):
    print("{}")
    os.write(1, b"12345")
    sys.stderr.write("678")
    return {"y": x}

def reads(config, params, x, dy):
    return {"y": x, "read": np.array([len(sys.stdin.read()), len(os.read(0, 99))])}

def raises(config, params, x, dy):
    raise ValueError("two\\nlines")

def eats(config, params, x, dy):
    return {"y": np.ones(1 << 26)}
"""


def talk(folder: Path, *requests: dict[str, Any] | str) -> list[dict[str, Any]]:
    """The worker's replies to requests, a callable's name for loading it."""
    (folder / "port.py").write_text(PORT)
    load: dict[str, Any] = {"load": f"{folder / 'port.py'}:", "memory": 1 << 28}
    lines = [load | {"load": load["load"] + name} if isinstance(name, str) else name for name in requests]
    with open(folder / "errors", "wb") as errors:
        done = subprocess.run(
            [sys.executable, "-m", "sabcore.validate.worker"], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},  # output waits, as it does for most
            input="".join(json.dumps(line) + "\n" for line in lines), text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(replies) == len(requests)
    return replies


def asked(folder: Path, name: str = "answer") -> dict[str, str]:
    """A request for an answer in a file of this name."""
    write_question(folder / "question", QUESTION)
    return {"question": str(folder / "question"), "answer": str(folder / name)}


def test_it_loads_answers_and_goes_on_after_errors(tmp_path):
    question = asked(tmp_path)
    unloaded, no_such, loaded, answered, loaded_again, raised, still = talk(
        tmp_path, question, "no_such", "right", question, "raises", question, asked(tmp_path, "second")
    )
    assert unloaded == {"error": "nothing is loaded", "kind": "load"}
    assert no_such["kind"] == "load"
    assert "has no callable no_such" in no_such["error"]
    assert loaded == {"ok": True, "takes_states": True}
    assert (answered["ok"], answered["printed"], answered["wrote"], answered["reseeded"]) == (True, 0, [], [])
    assert loaded_again == {"ok": True, "takes_states": False}
    assert raised == still == {"error": "it raises ValueError: two lines", "kind": "raised"}
    tensors = read_answer(tmp_path / "answer")
    assert np.array_equal(tensors["y"], QUESTION.x)
    assert np.array_equal(tensors["grad.b"], QUESTION.params["b"])
    assert tensors["h"].tolist() == [4, 4]
    assert not (tmp_path / "second").exists()


def test_what_a_program_prints_is_counted_and_is_no_reply(tmp_path):
    _, first, second = talk(tmp_path, "prints", asked(tmp_path), asked(tmp_path))
    assert first["printed"] == second["printed"] == len("{}\n" + "12345" + "678")
    assert (tmp_path / "errors").read_text().count("12345") == 2


def test_a_program_that_reads_its_input_does_not_read_the_requests(tmp_path):
    long = asked(tmp_path) | {"more": "x" * (1 << 15)}  # not read at once, and so there to be taken
    _, *answers = talk(tmp_path, "reads", asked(tmp_path), long)
    assert [answer["ok"] for answer in answers] == [True, True]
    assert read_answer(tmp_path / "answer")["read"].tolist() == [0, 0]


def test_what_it_may_use_is_limited(tmp_path):
    """Half a gibibyte is asked for, where a quarter may be used; the next question is answered."""
    _, eaten, _, fine = talk(tmp_path, "eats", asked(tmp_path), "right", asked(tmp_path))
    assert eaten == {"error": "it runs out of memory", "kind": "memory"}
    assert fine["ok"]
