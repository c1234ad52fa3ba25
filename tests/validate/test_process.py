"""Asking a process: what it answers is read, whatever else it does is said, and nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.errors import TargetError
from sabcore.validate.cases import ask
from sabcore.validate.process import Peer, TargetProcess

QUESTION = ask(SABConfig.lstm(input_size=3, hidden_size=4, output_size=5), 1, 3, 2)
#: A program that answers y = x, and whatever `reply` says.
ECHO = """
import json, sys, os
from safetensors.numpy import load_file, save_file
for count, line in enumerate(sys.stdin, start=1):
    request = json.loads(line)
    save_file({"y": count * load_file(request["question"])["x"]}, request["answer"])
    print(json.dumps({"ok": True, "printed": 7, "wrote": ["x"], "colour": "red"}), flush=True)
"""
#: The same, in few words, for programs that write no answer.
LOOP = "import os, signal, sys, time\nfor line in sys.stdin:\n    "


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Callable[..., Peer]]:
    """Makes peers of a program's text, all closed in the end."""
    made: list[Peer] = []

    def make(text: str, time_limit: float = 60.0) -> Peer:
        (tmp_path / "program.py").write_text(text)
        made.append(Peer([sys.executable, str(tmp_path / "program.py")], time_limit))
        return made[-1]

    yield make
    for one in made:
        one.close()


def error_of(peer: Peer) -> TargetError:
    with pytest.raises(TargetError) as found:
        peer.ask(QUESTION)
    return found.value


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that waits to be reaped by whoever started it does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_process_answers_all_questions_and_what_was_noticed_is_kept(peer):
    one = peer(ECHO)
    first, second = one.ask(QUESTION), one.ask(QUESTION)
    assert np.array_equal(first.tensors["y"], QUESTION.x)
    assert np.array_equal(second.tensors["y"], 2 * QUESTION.x)
    assert (first.printed, first.wrote, first.reseeded) == (7, ["x"], [])


def test_after_a_stop_the_next_question_meets_a_fresh_process(peer):
    one = peer(ECHO)
    one.ask(QUESTION)
    one.stop()
    assert np.array_equal(one.ask(QUESTION).tensors["y"], QUESTION.x)


def test_an_earlier_answer_is_not_taken_for_a_later_one(peer):
    one = peer(ECHO.replace("    save_file(", "    if count == 1: save_file("))
    one.ask(QUESTION)
    error = error_of(one)
    assert "its answer cannot be read" in str(error)
    assert error.kind == "shape"


def test_a_reply_in_pieces_is_one_reply(peer):
    one = peer(
        ECHO.replace(
            "print(json.dumps(",
            'os.write(1, b"{\\"seconds\\":"); __import__("time").sleep(0.1); print("2}", json.dumps(',
        ).replace('"red"}), flush', '"red"})[:0], flush')
    )
    assert one.ask(QUESTION).seconds == 2


@pytest.mark.parametrize(
    ("does", "says", "kind"),
    [
        ("print('[1]', flush=True)", "its reply is not a JSON object on one line", "shape"),
        ("print('{} {}', flush=True)", "its reply is not a JSON object on one line", "shape"),
        ('print(\'{"error": "no"}\', flush=True)', "no", "raised"),
        ('print(\'{"error": 7, "kind": "memory"}\', flush=True)', "7", "memory"),
        ("os.write(1, b'x' * (1 << 21)); time.sleep(60)", "its reply does not end", "shape"),
        ("sys.exit(4)", "it ends the process: exit code 4", "ended"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "it ends the process: signal SIGSEGV", "ended"),
    ],
)
def test_what_is_no_answer_is_said(does, says, kind, peer):
    error = error_of(peer(LOOP + does))
    assert (str(error), error.kind) == (says, kind)


def test_a_program_that_ends_before_it_is_asked_is_started_again(peer):
    one = peer("import sys\nsys.exit(3)")
    for _ in range(2):
        assert str(error_of(one)) == "it ends the process: exit code 3"


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("time.sleep(600)", "it gives no answer within 0.2 s (see --time-limit)"),
        ("os.close(1); time.sleep(600)", "it closes its output and goes on, but should answer"),
    ],
)
def test_what_gives_no_answer_is_stopped_in_time(does, says, peer):
    one, start = peer(LOOP + does, 0.2), time.monotonic()
    one.start()
    assert one.process is not None
    pid = one.process.pid
    error = error_of(one)
    assert (str(error), error.kind) == (says, "time")
    assert one.process is None
    assert not is_alive(pid)
    assert time.monotonic() - start < 60


def test_what_a_program_started_ends_with_it(peer):
    one = peer(
        LOOP
        + 'child = os.fork()\n    if not child: time.sleep(600)\n    print(\'{"error": "%d"}\' % child, flush=True)'
    )
    child = int(str(error_of(one)))
    assert is_alive(child)
    one.stop()
    patience = time.monotonic() + 60
    while is_alive(child) and time.monotonic() < patience:
        time.sleep(0.01)
    assert not is_alive(child)


def test_closing_ends_the_process_and_removes_its_files(peer):
    one = peer(ECHO)
    one.ask(QUESTION)
    assert one.process is not None
    pid, folder = one.process.pid, one.folder
    assert {"question.safetensors", "answer.safetensors", "output"} <= {path.name for path in folder.iterdir()}
    one.close()
    one.close()
    assert not is_alive(pid)
    assert not folder.exists()


def test_a_command_that_is_not_there_is_said():
    one = Peer(["/no/such/program"])
    error = error_of(one)
    one.close()
    assert (str(error), error.kind) == ("/no/such/program cannot be started: No such file or directory", "load")


def test_a_target_is_loaded_once_for_each_process(tmp_path):
    """And says whether it takes initial states; what loading prints is no reply."""
    (tmp_path / "port.py").write_text(
        "print('loading')\ncount = 0\n"
        "def sab(config, params, x, dy, h0=None, c0=None):\n"
        "    global count\n    count += 1\n    return {'y': count * x}\n"
    )
    program = TargetProcess(f"{tmp_path / 'port.py'}:sab", 60.0)
    try:
        assert not program.takes_states
        answers = [program.ask(QUESTION) for _ in range(2)]
        assert program.takes_states
        assert np.array_equal(answers[1].tensors["y"], 2 * QUESTION.x)
        assert program.process is not None
        os.kill(program.process.pid, signal.SIGKILL)
        program.process.wait()
        assert np.array_equal(program.ask(QUESTION).tensors["y"], QUESTION.x)
    finally:
        program.close()
