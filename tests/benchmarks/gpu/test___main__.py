"""The GPU command: without a GPU it says so; it writes what it has, and fails if a part did."""

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from sabcore.benchmarks.gpu import __main__ as command
from sabcore.benchmarks.gpu.card import describe_card

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_without_a_gpu_it_says_so_in_one_line(tmp_path):
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-m", "sabcore.benchmarks.gpu", "--out", str(tmp_path / "out")],
        cwd=ROOT, env=hidden, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("no GPU to run on: device 'cuda' needs CuPy")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_command_writes_what_it_has_and_fails_if_a_part_did(monkeypatch, tmp_path, cupy):
    def parts(cupy, say, quick):
        return {"card": lambda: describe_card(cupy), "limits": lambda: 1 // 0, "training": lambda: None}

    monkeypatch.setattr(command, "all_parts", parts)
    result = CliRunner().invoke(command.main, ["--out", str(tmp_path)])
    assert result.exit_code == 1, result.output
    written = json.loads((tmp_path / "fake-h200.json").read_text())
    assert written["card"]["found"]["card"] == "Fake H200"
    assert written["limits"]["failure"].startswith("ZeroDivisionError")
    assert "Fake H200, 128 GiB" in (tmp_path / "fake-h200.md").read_text()
    result = CliRunner().invoke(command.main, ["--out", str(tmp_path), "--only", "training"])
    assert result.exit_code == 0
    assert list(json.loads((tmp_path / "fake-h200.json").read_text())) == ["card", "training"]


def test_every_part_exists(cupy):
    assert list(command.all_parts(cupy, lambda text: None)) == command.PARTS
    assert set(command.QUICK) < set(command.PARTS)


def test_quick_runs_the_quick_parts_and_caches_go_where_they_are_told(monkeypatch, tmp_path, cupy):
    ran = []
    parts = {name: lambda name=name: ran.append(name) for name in command.PARTS if name != "card"}
    monkeypatch.setattr(command, "all_parts", lambda *args: {"card": lambda: describe_card(cupy), **parts})
    monkeypatch.setattr(os, "environ", dict(os.environ))
    out, caches = str(tmp_path / "out"), tmp_path / "caches"
    result = CliRunner().invoke(command.main, ["--out", out, "--quick", "--caches", str(caches)])
    assert result.exit_code == 0, result.output
    assert ran == command.QUICK[1:]
    assert os.environ["CUPY_CACHE_DIR"] == str(caches / "cupy")
