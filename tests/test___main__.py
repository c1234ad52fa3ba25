"""`python -m sabcore` is `sab`."""

import runpy
import sys

import pytest


def test_it_is_the_command_under_its_own_name(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["anything", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("sabcore", run_name="__main__")
    assert ended.value.code == 0
    assert "Usage: sab " in capsys.readouterr().out
