"""The event file, read back record by record with tensorboardX's own protocol buffers."""

import json
import struct
import sys

import pytest

from sabcore.errors import ConfigError, FormatError
from sabcore.train.tensorboard import export, read_records

RECORDS = [
    {"step": 1, "sab": {"loss": 0.5, "norm": None, "skipped": "the loss", "T": 5}, "lstm": {"loss": 2.0}},
    {"step": 2, "sab": {"loss": 0.25, "norm": 3.0, "skipped": None, "T": 6}},
]


def read_back(folder):
    """(tag, step, value) of each scalar: an event is its length, a checksum of that, itself, a checksum of it."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    (file,) = folder.iterdir()
    data, found = file.read_bytes(), []
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        event = event_pb2.Event.FromString(data[12 : 12 + size])
        found += [(value.tag, event.step, value.simple_value) for value in event.summary.value]
        data = data[12 + size + 4 :]
    return found


def test_every_number_comes_back_at_its_step_and_nothing_else(tmp_path):
    assert export(RECORDS, tmp_path / "events") == 6
    assert sorted(read_back(tmp_path / "events")) == [
        ("lstm/loss", 1, 2.0), ("sab/T", 1, 5.0), ("sab/T", 2, 6.0), ("sab/loss", 1, 0.5), ("sab/loss", 2, 0.25),
        ("sab/norm", 2, 3.0),
    ]  # fmt: skip


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    (tmp_path / "log").write_text("".join(json.dumps(record) + "\n" for record in RECORDS) + '{"step": 3, "sa')
    assert read_records(tmp_path / "log") == RECORDS


@pytest.mark.parametrize("data", [b"hello\n", b"[1]\n", b"{}\n", b'{"step": "1"}\n', b"\xff\n"])
def test_what_is_no_log_is_refused_in_one_line(tmp_path, data):
    (tmp_path / "log").write_bytes(data)
    with pytest.raises(FormatError, match="log is no log") as caught:
        read_records(tmp_path / "log")
    assert "\n" not in str(caught.value)


def test_a_missing_log_a_link_and_a_missing_extra_are_told_in_one_line(tmp_path, monkeypatch):
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        read_records(tmp_path / "nothing")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(FormatError, match="symbolic link"):
        read_records(tmp_path / "link")
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ConfigError, match=r"sabcore\[tensorboard\]"):
        export(RECORDS, tmp_path / "events")
    assert not (tmp_path / "events").exists()
