"""The log: appended, cut, and believed only if it says what the checkpoint says it does."""

import hashlib
import os
from pathlib import Path

import pytest

from sabcore.errors import FormatError
from sabcore.train import log as log_module
from sabcore.train.checkpoint import Log
from sabcore.train.log import LogFile


def written(path, records=3):
    log = LogFile(path)
    for k in range(records):
        log.append({"step": k, "loss": 0.5})
    return log


def test_what_is_appended_is_read_back(tmp_path):
    log = written(tmp_path / "log")
    assert log.records() == [{"step": k, "loss": 0.5} for k in range(3)]
    assert log.known.size == (tmp_path / "log").stat().st_size
    assert LogFile(tmp_path / "log", log.known).known == log.known


def test_what_lies_beyond_is_cut_off_and_not_before(tmp_path):
    known = written(tmp_path / "log", 2).known
    whole = (tmp_path / "log").read_bytes()
    with open(tmp_path / "log", "ab") as file:
        file.write(b'{"step": 2, "lo')
    again = LogFile(tmp_path / "log", known)
    assert len(again.records()) == 2
    assert (tmp_path / "log").stat().st_size > known.size
    again.cut()
    assert (tmp_path / "log").read_bytes() == whole
    again.append({"step": 2})
    assert [record["step"] for record in again.records()] == [0, 1, 2]


@pytest.mark.parametrize("at", range(0, 54, 7))
def test_a_changed_byte_is_noticed(tmp_path, at):
    log = written(tmp_path / "log", 2)
    data = bytearray((tmp_path / "log").read_bytes())
    data[at] ^= 1
    (tmp_path / "log").write_bytes(data)
    with pytest.raises(FormatError, match="somebody has changed it"):
        LogFile(tmp_path / "log", log.known)
    with pytest.raises(FormatError, match="somebody has changed it"):
        log.records()


def test_a_shorter_or_a_missing_log_is_refused(tmp_path):
    known = written(tmp_path / "log").known
    os.truncate(tmp_path / "log", 10)
    with pytest.raises(FormatError, match="shorter than the checkpoint says: "):
        LogFile(tmp_path / "log", known)
    (tmp_path / "log").unlink()
    with pytest.raises(FormatError, match="cannot be used as the run's log: No such file"):
        LogFile(tmp_path / "log", known)
    with pytest.raises(FormatError, match="No such file"):
        LogFile(tmp_path / "log", Log(0, LogFile(tmp_path / "log").known.sha256))


def test_links_devices_and_pipes_are_refused_and_left_alone(tmp_path):
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "link", "link"), (tmp_path / "pipe", "pipe"), (Path("/dev/null"), "device")):
        log = LogFile(tmp_path / "real", None)
        log.path = path
        for use in (log.cut, log.sync, log.records, lambda log=log: log.append({"step": 1})):
            with pytest.raises(FormatError, match=f"{kind}, but should be a regular file"):
                use()
    assert (tmp_path / "target").read_text() == "mine"


def test_a_full_disk_leaves_the_known_part_as_it_was(tmp_path, monkeypatch):
    log = written(tmp_path / "log")
    before = log.known

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(FormatError, match="No space left"):
            log.append({"step": 9})
    assert log.known == before
    assert len(LogFile(tmp_path / "log", before).records()) == 3


def test_writes_in_pieces_are_whole(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:5]))
    assert len(written(tmp_path / "log").records()) == 3


@pytest.mark.parametrize("data", [b"step 1\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_json_is_refused_in_one_line(tmp_path, data):
    (tmp_path / "log").write_bytes(data)
    log = LogFile(tmp_path / "log", Log(len(data), hashlib.sha256(data).hexdigest()))
    with pytest.raises(FormatError, match="log is no log") as caught:
        log.records()
    assert "\n" not in str(caught.value)


def test_a_link_that_comes_after_the_look_is_not_followed(tmp_path, monkeypatch):
    """Between looking and opening a stranger may put a link there."""
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    monkeypatch.setattr(log_module, "refuse_irregular", lambda path: None)
    log = LogFile(tmp_path / "link")
    for use in (log.cut, log.sync, log.records, lambda: log.append({"step": 1})):
        with pytest.raises(FormatError, match="link"):
            use()
    assert (tmp_path / "target").read_text() == "mine"


def test_what_json_has_no_word_for_is_not_written(tmp_path):
    log = written(tmp_path / "log")
    before = (tmp_path / "log").read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        log.append({"loss": float("nan")})
    assert (tmp_path / "log").read_bytes() == before
    assert log.known.size == len(before)


def test_it_is_read_in_parts_of_a_stated_size_and_whole_if_they_come_shorter(tmp_path, monkeypatch):
    known = written(tmp_path / "log").known
    asked, read = [], os.read

    def slow(handle, count):
        asked.append(count)
        return read(handle, min(count, 3))

    monkeypatch.setattr(log_module, "CHUNK", 7)
    monkeypatch.setattr(os, "read", slow)
    assert len(LogFile(tmp_path / "log", known).records()) == 3
    assert max(asked) == 7


def test_to_sync_is_to_wait_for_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    log = LogFile(tmp_path / "log")
    log.sync()
    assert synced == [(tmp_path / "log").stat().st_ino]
