"""Where a result comes from: versions, machine, and the commit, told to be dirty when it is."""

import json
import subprocess

from sabcore.train.origin import commit, origin


def test_it_says_versions_and_machine_and_can_be_kept():
    found = origin()
    assert set(found) == {"versions", "machine", "commit"}
    assert {"sabcore", "python", "numpy", "numba", "scipy"} == set(found["versions"])
    assert all(found["versions"].values())
    assert found["machine"]["processor"]
    assert found["machine"]["cores"] >= 1
    assert json.loads(json.dumps(found)) == found


def test_a_commit_is_named_and_changes_are_told(tmp_path):
    assert commit(tmp_path) is None

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True, text=True)
        return done.stdout

    git("init")
    assert commit(tmp_path) is None  # no commit yet
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "one")
    git("tag", "v1")
    head = git("rev-parse", "HEAD").strip()
    assert commit(tmp_path) == head[:12]
    (tmp_path / "a").write_text("2")
    assert commit(tmp_path) == f"{head[:12]}-dirty"
