"""Files are written whole or not at all."""

import json
import os
import stat
import time

import numpy as np
import pytest
from safetensors.numpy import load

from sabcore.array import files
from sabcore.errors import FormatError


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    files.write_tensors(path, {"a": np.arange(3.0)}, {"k": "v"})
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(FormatError, match="cannot be written: No space left on device"):
        files.write_tensors(path, {"a": np.zeros(3)}, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "a"
    files.write_atomically(path, b"old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_strided_arrays_keep_their_values(tmp_path):
    a = np.arange(12.0).reshape(3, 4)
    files.write_tensors(tmp_path / "a", {"t": a.T, "s": a[::2, 1:]}, {"k": "v"})
    tensors, metadata = files.read_tensors(tmp_path / "a")
    np.testing.assert_array_equal(tensors["t"], a.T)
    np.testing.assert_array_equal(tensors["s"], a[::2, 1:])
    assert metadata == {"k": "v"}


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(FormatError, match="cannot be written: No such file or directory"):
        files.write_tensors(tmp_path / "no" / "a", {"a": np.zeros(1)}, {})
    with pytest.raises(FormatError, match="is a folder, but should be a file"):
        files.read_tensors(tmp_path)


def test_new_files_have_the_usual_permissions_and_no_thread_meets_another_mask(tmp_path, monkeypatch):
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patched:
            patched.delattr(os, "umask")
            files.write_atomically(tmp_path / "ours", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o640


def test_equal_content_makes_equal_bytes(tmp_path):
    tensors, metadata = {"b": np.ones(3), "a": np.zeros(2)}, {key: key for key in "format version run note".split()}
    for k in range(8):  # the library's own order of metadata changes from call to call
        files.write_tensors(tmp_path / str(k), tensors, metadata)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    assert files.read_tensors(tmp_path / "0")[1] == metadata


def test_the_library_reads_what_is_encoded():
    tensors = {"b": np.arange(3, dtype=np.float32), "a": np.arange(6.0).reshape(2, 3).T, "c": np.array(2.0)}
    loaded = load(files.encode(tensors, {"format": "any"}))
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        np.testing.assert_array_equal(loaded[name], value)
        assert loaded[name].dtype == value.dtype


def test_equal_data_makes_equal_bytes_in_whatever_order_it_comes():
    tensors = {"b": np.arange(3, dtype=np.float32), "a": np.arange(3.0)}
    data = files.encode(tensors, {"x": "1"})
    assert data == files.encode(dict(reversed(tensors.items())), {"x": "1"})
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    header = json.loads(data[8 : 8 + length])
    assert list(header) == ["__metadata__", "a", "b"]
    assert header["b"]["data_offsets"] == [24, 36]
    assert len(data) == 8 + length + 36


def test_what_is_no_regular_file_is_refused_and_left_alone(tmp_path):
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    for name, kind in (("link", "a symbolic link"), ("dangling", "a symbolic link"), ("folder", "a folder"),
                       ("pipe", "a pipe"), ("/dev/null", "a device")):  # fmt: skip
        with pytest.raises(FormatError, match=f"{name} is {kind}, but should be a regular file"):
            files.write_atomically(tmp_path / name, b"new")
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "mine"
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_what_killed_writers_left_is_removed_but_nothing_else(tmp_path):
    def make(name, age):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)

    make(".a[1].0123456789abcdef.tmp", files.ABANDONED + 60)
    half = "fedcba9876543210.tmp"
    kept = [f".a[1].{half}", f".a1.{half}", ".a[1].notes.tmp", f".a[1].{half}.txt"]
    make(kept[0], 60)  # another process may be writing it
    for name in kept[1:]:
        make(name, files.ABANDONED + 60)
    files.write_atomically(tmp_path / "a[1]", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "a[1]"])
    files.remove_leftovers(tmp_path / "a[1]")
    assert not (tmp_path / kept[0]).exists()
