"""What is kept of the container by hand: strict JSON, honest headers, and equal bytes for equal data."""

import json

import numpy as np
import pytest
from safetensors.numpy import load

from sabcore.errors import FormatError
from sabcore.vectors import container
from sabcore.vectors.container import check_header, encode, strict_json


def test_the_library_reads_what_is_encoded():
    tensors = {"b": np.arange(3, dtype=np.float32), "a": np.arange(6.0).reshape(2, 3).T, "c": np.array(2.0)}
    loaded = load(encode(tensors, {"format": "any"}))
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        np.testing.assert_array_equal(loaded[name], value)
        assert loaded[name].dtype == value.dtype


def test_equal_data_makes_equal_bytes_in_whatever_order_it_comes():
    tensors = {"b": np.arange(3, dtype=np.float32), "a": np.arange(3.0)}
    data = encode(tensors, {"x": "1"})
    assert data == encode(dict(reversed(tensors.items())), {"x": "1"})
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    header = json.loads(data[8 : 8 + length])
    assert list(header) == ["__metadata__", "a", "b"]
    assert header["b"]["data_offsets"] == [24, 36]
    assert len(data) == 8 + length + 36


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
    with pytest.raises(FormatError, match="cannot be read"):
        check_header(tmp_path / "absent")
