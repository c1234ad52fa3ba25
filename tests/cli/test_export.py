"""`sab export` on a run's folder."""

import json

from click.testing import CliRunner

from sabcore.cli import main
from tests.train.test_tensorboard import RECORDS, read_back


def test_the_log_of_a_run_is_exported_beside_it(tmp_path):
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    result = CliRunner().invoke(main, ["export", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"6 numbers: {tmp_path / 'tensorboard'}\n"
    assert len(read_back(tmp_path / "tensorboard")) == 6


def test_a_folder_without_a_run_is_refused_in_one_line(tmp_path):
    result = CliRunner().invoke(main, ["export", str(tmp_path), "--out", str(tmp_path / "new")])
    assert result.exit_code == 2
    assert "log.jsonl cannot be read: No such file" in result.stderr
    assert not (tmp_path / "new").exists()
