"""Whatever a stranger's file gets wrong: one clear line that names the file and the thing, never a traceback."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from sabcore.errors import FormatError
from sabcore.vectors import read
from sabcore.vectors.lint import lint
from sabcore.vectors.report import FAILED, PASSED, UNREADABLE, check_file


def assert_refused(path, *words):
    """Read raises one line with the file's name and each of the words; lint and check say the same."""
    with pytest.raises(FormatError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message) < 1500
    assert message.isprintable()
    for word in words:
        assert word in message
    assert lint(path)
    assert check_file(path).status == UNREADABLE


def test_a_good_file_has_no_finding(good):
    assert lint(good) == []


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"format": "sab-params"}, ["format", "'sab-params'", "'sab-vectors'"]),
        ({"format": None}, ["format", "None"]),
        ({"version": "3"}, ["version", "'3'", "'1' or '2'"]),
        ({"version": "2"}, ["config lacks the key k_back"]),
        ({"version": None}, ["version"]),
        ({"config": None}, ["holds no config"]),
        ({"version": 1}, ["not a readable safetensors file", "invalid type: integer `1`, expected a string"]),
    ],
)
def test_metadata(foreign, metadata, words):
    assert_refused(foreign(metadata=metadata), *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["config is not JSON"]),
        ("{", ["config is not JSON"]),
        ("[]", ["JSON list"]),
        ("3", ["JSON int"]),
        ("null", ["JSON NoneType"]),
        ('"text"', ["JSON str"]),
        ("{}", ["lacks", "input_size", "score_grad"]),
        ("[" * 50_000, ["config is not JSON"]),
        ('{"k_top":' * 5_000 + "1" + "}" * 5_000, ["config is not JSON"]),
        ("[" + "1," * 100_000 + "1]", ["characters long"]),
        ('{"k_top": 1, "k_top": 2}', ["'k_top' more than once"]),
        ('{"margin": NaN}', ["NaN", "not JSON"]),
        ('{"margin": -Infinity}', ["Infinity", "not JSON"]),
        ('{"k_top": ' + "9" * 5000 + "}", ["config is not JSON"]),
    ],
)
def test_config_text(foreign, text, words):
    assert_refused(foreign(text=text), *words)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"extra": 1}, ["unknown key", "'extra'"]),
        ({"\x1b[31mred\n": 1}, ["unknown key"]),
        ({"hidden_size": 4}, ["param.W_ih has shape (20, 3), but should have (16, 3)"]),
        ({"hidden_size": 10**40}, ["but should have"]),
        ({"k_top": -1}, ["k_top is -1"]),
        ({"k_top": True}, ["k_top is True"]),
        ({"k_top": "3"}, ["k_top is '3'"]),
        ({"k_top": None}, ["k_top is null"]),
        ({"k_att": 0}, ["k_att is 0"]),
        ({"k_att": 1.5}, ["k_att is 1.5"]),
        ({"k_trunc": 0}, ["k_trunc is 0"]),
        ({"margin": 10**400}, ["config"]),
        ({"margin": "0"}, ["margin is '0'"]),
        ({"score": "dot"}, ["score is 'dot'"]),
        ({"score": ["additive"]}, ["score is ['additive']"]),
        ({"truncation": {"a": 1}}, ["truncation"]),
        ({"score_grad": 1}, ["score_grad is 1"]),
        ({"score": "separable"}, ["param.u_q is missing"]),
        ({"k_top": 0}, ["'grad.W_m' does not belong"]),
    ],
)
def test_config_fields(foreign, config, words):
    assert_refused(foreign(config=config), *words)


def test_a_missing_config_key(foreign, vector):
    fields = vector.config.to_dict()
    del fields["k_remind"]
    assert_refused(foreign(text=json.dumps(fields)), "lacks", "k_remind")


@pytest.mark.parametrize("name", ["x", "dy", "y", "param.b", "grad.x", "grad.W_q"])
def test_missing_tensors(foreign, name):
    assert_refused(foreign(tensors={name: None}), f"{name} is missing")


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"z": np.zeros(3)}, ["'z' does not belong"]),
        ({"param.u_q": np.zeros(5)}, ["'param.u_q' does not belong"]),
        ({"grad.dy": np.zeros(5)}, ["'grad.dy' does not belong"]),
        ({"\x1b[2J\n": np.zeros(5)}, ["does not belong"]),
        ({"x": np.zeros((0, 2, 3))}, ["at least 1"]),
        ({"x": np.zeros((7, 0, 3))}, ["at least 1"]),
        ({"x": np.zeros((7, 2))}, ["x has shape (7, 2)", "(T,B,I)"]),
        ({"x": np.zeros((7, 2, 4))}, ["x has shape (7, 2, 4), but should have (7, 2, 3)"]),
        ({"y": np.zeros((7, 2, 5))}, ["y has shape (7, 2, 5), but should have (7, 2, 4)"]),
        ({"dy": np.zeros((6, 2, 4))}, ["dy has shape"]),
        ({"h0": np.zeros((5, 2))}, ["h0 has shape (5, 2), but should have (2, 5)"]),
        ({"h": np.zeros((8, 2, 5))}, ["h has shape (8, 2, 5), but should have (7, 2, 5)"]),
        ({"param.b": np.zeros(())}, ["param.b has shape ()"]),
        ({"param.d": np.array([0, 1, np.nan, 2])}, ["param.d holds NaN"]),
        ({"grad.d": np.array([0, 1, np.inf, 2])}, ["grad.d holds NaN or inf"]),
    ],
)
def test_tensors(foreign, tensors, words):
    assert_refused(foreign(tensors=tensors), *words)


@pytest.mark.parametrize(
    ("dtype", "size"), [("I64", 8), ("F16", 2), ("BF16", 2), ("BOOL", 1), ("C64", 8), ("F8_E4M3", 1)]
)
def test_dtypes(good, dtype, size):
    header, data = split(good)
    header["param.d"]["dtype"] = dtype
    shorten(header, "param.d", 4 * size)
    join(good, header, data[: -(32 - 4 * size)] if size < 8 else data)
    assert_refused(good, f"param.d has dtype {dtype!r}, but should have one of F64, F32")


def test_missing_file_and_folder(tmp_path):
    assert_refused(tmp_path / "nothing.safetensors", "not there")
    assert_refused(tmp_path, "is a folder")
    assert_refused(Path("/dev/null"), "is a device")


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 500, -1, -1000])
def test_truncated(good, size):
    good.write_bytes(good.read_bytes()[:size])
    assert_refused(good)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x80\x04\x95" + b"x" * 100, ["cut short"]),
        (struct.pack("<Q", 2**63) + b"{}", ["cut short"]),
        (struct.pack("<Q", 1 << 21) + b" " * (1 << 21), ["header is 2097152 bytes long"]),
        (struct.pack("<Q", 100_000) + b"[" * 100_000, ["header is not JSON"]),
        (struct.pack("<Q", 2) + b"[]", ["not a readable safetensors file"]),
        (struct.pack("<Q", 4) + b"\xff\xfe\xfd\xfc", ["header is not JSON"]),
        (struct.pack("<Q", 15) + b'{"x":1,"x": 2} ', ["'x' more than once"]),
        (struct.pack("<Q", 8) + b'{"x": 1}', ["not a readable safetensors file"]),
        (struct.pack("<Q", 2) + b"{}", ["format"]),
        (struct.pack("<Q", 22) + b'{"__metadata__": null}', ["format"]),
    ],
)
def test_hostile_headers(tmp_path, data, words):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(data)
    assert_refused(path, *words)


def test_a_tensor_named_twice(good):
    header, data = split(good)
    text = json.dumps(header)
    again = text[:-1] + ', "x": ' + json.dumps(header["x"]) + "}"
    good.write_bytes(struct.pack("<Q", len(again)) + again.encode() + data)
    assert_refused(good, "'x' more than once")


def test_offsets_that_do_not_fit(good):
    header, data = split(good)
    header["x"]["data_offsets"][1] += 8
    join(good, header, data)
    assert_refused(good, "not a readable safetensors file")


def test_sizes_without_data(good):
    """A shape with a zero in it takes no bytes, whatever else it claims."""
    header, data = split(good)
    start, end = header["x"]["data_offsets"]
    header["x"]["shape"] = [2**62, 0, 2**62]
    shorten(header, "x", 0)
    join(good, header, data[:start] + data[end:])
    assert_refused(good, "at least 1")


def test_many_findings_make_one_short_line(foreign):
    assert_refused(foreign(tensors={f"t{i}": np.zeros(1) for i in range(500)}), "and 497 more")


def test_damage_anywhere_is_an_error_or_harmless(good):
    """Bytes overwritten at random: whatever comes out is a report, never an exception of another kind."""
    data, rng = good.read_bytes(), np.random.default_rng(0)
    end = 8 + int.from_bytes(data[:8], "little")
    statuses = set()
    for _ in range(300):
        damaged = bytearray(data)
        for place in rng.integers(0, end + 200, size=3):
            damaged[place] = rng.integers(256)
        good.write_bytes(damaged)
        statuses.add(check_file(good).status)
    assert UNREADABLE in statuses


@pytest.mark.parametrize("name", ["k_top", "k_att", "k_trunc", "k_remind", "segment_offset"])
@pytest.mark.parametrize("truncation", ["segment", "sliding"])
def test_huge_whole_numbers_cost_nothing(foreign, name, truncation):
    report = check_file(foreign(config={"truncation": truncation, name: 10**30}))
    assert report.status in (PASSED, FAILED)


def split(path):
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]


def join(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def shorten(header, name, length):
    """Give the tensor `name` that many bytes, and move those behind it up."""
    start, end = header[name]["data_offsets"]
    header[name]["data_offsets"] = [start, start + length]
    for other, entry in header.items():
        if other != "__metadata__" and entry["data_offsets"][0] >= end:
            entry["data_offsets"] = [offset - (end - start) + length for offset in entry["data_offsets"]]
