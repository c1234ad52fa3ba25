"""What training shows: plain lines where nobody watches, means over a window, and Ctrl-C heard between steps."""

import os
import signal

import pytest

from sabcore.cli.watch import PLAIN_LINES, WINDOW, interrupts, watch

MODELS = {"sab": "SAB", "lstm": "LSTM"}


def record(step, accuracy=0.5, **more):
    return {"step": step, "sab": {"loss": 2.0, "accuracy": accuracy, "T": 7, **more}}


def test_a_few_plain_lines_that_end_with_the_last_step(capsys):
    with watch({"sab": "SAB"}, 0, 1000) as show:
        for step in range(1, 1001):
            show(record(step))
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == PLAIN_LINES
    assert lines[-1] == "step 1000/1000: SAB at T 7, loss 2.000, accuracy 50.0%"


def test_values_are_means_over_the_last_window_of_what_is_known(capsys):
    with watch({"sab": "SAB"}, 0, 2 * WINDOW) as show:
        for step in range(1, 2 * WINDOW + 1):
            show(record(step, 0.0 if step <= WINDOW else 1.0 if step % 2 else None))
    assert capsys.readouterr().err.splitlines()[-1].endswith("accuracy 100.0%")


def test_a_model_that_is_done_stays_as_it_was(capsys):
    with watch(MODELS, 0, 2, "bits") as show:
        show({"step": 1, "sab": {"loss": 1.0, "bits": 3.0}, "lstm": {"loss": 4.0, "bits": 5.0}})
        show({"step": 2, "sab": {"loss": 2.0, "bits": 4.0}})
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "step 2/2: SAB, loss 1.500, bits 3.5000; LSTM, loss 4.000, bits 5.0000"


def test_the_first_ctrl_c_is_noted_and_the_second_aborts():
    before = signal.getsignal(signal.SIGINT)
    with interrupts() as pressed:
        assert not pressed()
        os.kill(os.getpid(), signal.SIGINT)
        assert pressed()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with interrupts() as pressed:  # pressed before does not count
        assert not pressed()
