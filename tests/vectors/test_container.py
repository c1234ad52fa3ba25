"""What is kept of the container by hand: strict JSON and honest headers."""

import numpy as np
import pytest

from sabcore.array.files import encode
from sabcore.errors import FormatError
from sabcore.vectors import container
from sabcore.vectors.container import check_header, strict_json


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' more than once"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' more than once"),
        ('{"a": NaN}', "holds NaN"),
        ("[-Infinity]", "holds -Infinity"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
    ],
)
def test_json_is_strict(text, says):
    with pytest.raises(FormatError, match=says) as caught:
        strict_json(text, "this")
    assert str(caught.value).startswith("this ")


def test_json_in_order_is_its_value():
    assert strict_json('{"a": [1, 2.5, null, true], "b": {"a": "x"}}', "this") == {
        "a": [1, 2.5, None, True],
        "b": {"a": "x"},
    }


def test_an_honest_header_passes_and_others_do_not(tmp_path, monkeypatch):
    path, data = tmp_path / "file", encode({"a": np.arange(3.0)}, {})
    length = int.from_bytes(data[:8], "little")
    path.write_bytes(data)
    check_header(path)
    path.write_bytes(data[: 8 + length])  # the header is whole: what follows is the library's to check
    check_header(path)
    for cut in (0, 7, 8, 8 + length - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(FormatError, match="cut short"):
            check_header(path)
    path.write_bytes(bytes(8))  # a header of no bytes at all is there, and is no JSON
    with pytest.raises(FormatError, match="not JSON"):
        check_header(path)
    path.write_bytes(data)
    monkeypatch.setattr(container, "MAX_HEADER", length)
    check_header(path)
    monkeypatch.setattr(container, "MAX_HEADER", length - 1)
    with pytest.raises(FormatError, match=f"{length} bytes long, but should be at most {length - 1}"):
        check_header(path)
    with pytest.raises(FormatError, match="cannot be read: No such file or directory"):
        check_header(tmp_path / "absent")
