"""The sanitizer part needs its tool, and fails on what it finds."""

from pathlib import Path

import pytest

from sabcore.benchmarks.gpu import sanitize
from sabcore.benchmarks.gpu.parts import PartFailedError

ROOT = Path(__file__).parents[3]


TINY = {"input_size": 2, "hidden_size": 4, "output_size": 3}


def test_the_sanitizer_part_needs_the_tool_and_fails_on_what_it_finds(monkeypatch, tmp_path):
    monkeypatch.setattr(sanitize.shutil, "which", lambda *args, **kwargs: None)
    with pytest.raises(PartFailedError, match="not installed"):
        sanitize.sanitize()
    tool = tmp_path / "compute-sanitizer"
    tool.write_text('#!/bin/sh\n[ "$2" = racecheck ] && { echo "1 hazard"; exit 9; }\necho "0 errors"\n')
    tool.chmod(0o755)
    monkeypatch.setattr(sanitize.shutil, "which", lambda *args, **kwargs: str(tool))
    with pytest.raises(PartFailedError, match="racecheck found something") as caught:
        sanitize.sanitize()
    assert caught.value.found["racecheck"] == "1 hazard"
