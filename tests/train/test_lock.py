"""A folder's lock: for one process at a time, let go of after an error, and refused in one line where there is none."""

import errno
import fcntl

import pytest
from filelock import FileLock

from sabcore.errors import FormatError
from sabcore.train.lock import LOCK, locked


def test_one_holds_it_and_the_next_is_told_what_for(tmp_path):
    with locked(tmp_path, "drawing") as lock:
        pass
    assert lock.is_locked  # beyond the block, until it is released
    with pytest.raises(FormatError, match="in use by another process, which is drawing"), locked(tmp_path, "drawing"):
        pass
    lock.release()
    with locked(tmp_path) as lock:
        lock.release()


def test_an_error_inside_lets_go_of_it(tmp_path):
    with pytest.raises(KeyboardInterrupt), locked(tmp_path):
        raise KeyboardInterrupt
    with locked(tmp_path) as lock:
        lock.release()


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSYS, "a file system without locks"), (errno.ENOLCK, "cannot be locked: No locks")]
)
def test_a_file_system_without_locks_is_told_in_one_line(tmp_path, monkeypatch, number, says):
    def refuse(*_):
        raise OSError(number, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(FormatError, match=says) as caught, locked(tmp_path):
        pass
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_older_library_that_says_so_itself_is_understood(tmp_path, monkeypatch):
    def refuse(*_):
        raise NotImplementedError("FileSystem does not appear to support flock; use SoftFileLock instead")

    monkeypatch.setattr(FileLock, "_acquire", refuse)
    with pytest.raises(FormatError, match="a file system without locks"), locked(tmp_path):
        pass


def test_a_link_in_its_place_is_not_followed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / LOCK).symlink_to(tmp_path / "mine")
    with pytest.raises(FormatError, match="symbolic link"), locked(tmp_path):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


def test_the_lock_is_let_go_of_at_once_after_an_error_though_somebody_remembers_it(tmp_path):
    with pytest.raises(KeyboardInterrupt) as kept, locked(tmp_path) as lock:
        raise KeyboardInterrupt
    assert kept
    assert not lock.is_locked
