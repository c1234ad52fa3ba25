"""The recorded results: each belongs to a cell of its table as the table is now, once, and says where it comes from."""

import math

import pytest

from sabcore.errors import FormatError
from sabcore.reproduce import recorded as module
from sabcore.reproduce.cell import cells
from sabcore.reproduce.recorded import RESULTS, recorded
from sabcore.reproduce.table import known, read_table


def test_every_file_is_that_of_a_table():
    assert {path.stem for path in RESULTS.glob("*")} <= set(known())


@pytest.mark.parametrize("name", known())
def test_results_are_of_the_cells_as_they_stand(name):
    table = read_table(name)
    wanted = {(cell.row, cell.seed, cell.digest): set(cell.columns) for cell in cells(table)}
    seen = set()
    for result in recorded(name):
        key = (result["row"], result["seed"], result["digest"])
        assert set(result["found"]) == wanted[key], key
        assert result["sequences"] == table.sequences
        assert key not in seen
        seen.add(key)
        assert all(value is None or math.isfinite(value) for value in result["found"].values())
        assert 0 < result["updates"] <= table.experiment(result["row"], next(iter(result["found"])), 0)["steps"]
        assert result["seconds"] > 0
        assert {"sabcore", "python", "numpy", "numba"} <= set(result["versions"])
        assert set(result["machine"]) == {"processor", "cores", "system"}
        assert result["commit"]


def test_what_holds_no_results_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    assert recorded("none") == []
    for content in ("{", "[]", '{"results": [{"row": "sab"}]}', '{"results": 3}', '{"results": [3]}'):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(FormatError, match=r"bad.json holds ") as caught:
            recorded("bad")
        assert "\n" not in str(caught.value)
