"""Reading and writing: what goes in comes out, equal data makes equal bytes, and the safetensors library agrees."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sabcore import SABConfig
from sabcore.errors import FormatError
from sabcore.model.config import left_to_caller
from sabcore.vectors import read, write
from sabcore.vectors.check import check
from sabcore.vectors.format import LISTED, summary
from sabcore.vectors.make import draw, expect
from sabcore.vectors.model import version_of, write_config


def assert_same(first, second):
    assert first.config == second.config
    assert first.tensors().keys() == second.tensors().keys()
    for name, value in first.tensors().items():
        assert value.dtype == second.tensors()[name].dtype
        np.testing.assert_array_equal(value, second.tensors()[name])


def test_round_trip(good, vector):
    assert_same(read(good), vector)


def test_round_trip_float32_without_state(tmp_path, vector):
    narrow = {name: value.astype("float32") for name, value in vector.expected.items()}
    vector = replace(vector, x=vector.x.astype("float32"), h0=None, expected=narrow)
    write(tmp_path / "v.safetensors", vector)
    assert_same(read(tmp_path / "v.safetensors"), vector)


def test_equal_vectors_make_equal_bytes(good, vector, tmp_path):
    write(tmp_path / "again.safetensors", read(good))
    assert good.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_the_safetensors_library_reads_what_we_write(good, vector):
    loaded = load_file(good)
    assert loaded.keys() == vector.tensors().keys()
    for name, value in vector.tensors().items():
        np.testing.assert_array_equal(loaded[name], value)


def test_a_file_of_the_safetensors_library_checks_out(vector, tmp_path):
    config = {name: value for name, value in vector.config.to_dict().items() if name != "k_back"}  # as of version 1
    metadata = {"format": "sab-vectors", "version": "1", "config": json.dumps(config, indent=1), "author": "a stranger"}
    save_file(vector.tensors(), tmp_path / "v.safetensors", metadata=metadata)
    assert all(report.passed for report in check(read(tmp_path / "v.safetensors")))


@pytest.mark.parametrize(
    ("preset", "changed"),
    [
        ("paper", {"k_remind": 4, "temperature": "any", "segment_offset": 0}),
        ("self_attention", {"margin": None, "eps": 0, "small_memory": "-", "threshold_rank": None}),
        ("lstm", {"score": None, "sparsifier": None, "memory_start": None, "k_att": 0, "score_grad": None}),
        ("released", {"attention_size": 99}),
        ("paper", {"truncation": "sliding", "k_trunc": 3, "segment_offset": -1}),
        ("paper", {"k_att": 1.0, "margin": 0, "eps": 1, "k_top": 2.0}),
    ],
)
def test_fields_that_do_not_apply_are_ignored(foreign, vector, preset, changed):
    given = dict.fromkeys(left_to_caller(preset), 2)
    config = SABConfig.preset(preset, input_size=3, hidden_size=5, output_size=4, **given)
    drawn = draw(config, T=4, B=2, seed=0, state=False)
    tensors = dict.fromkeys(vector.tensors())
    tensors |= drawn.tensors() | {"y": drawn.dy, "grad.x": drawn.x}
    tensors |= {f"grad.{name}": value for name, value in drawn.params.items()}
    written = json.loads(write_config(config))
    loaded = read(foreign(tensors=tensors, config={**written, **changed}, metadata={"version": version_of(config)}))
    applied = {
        name: changed[name] for name in ("truncation", "k_trunc", "eps") if name in changed and preset == "paper"
    }
    assert loaded.config == replace(drawn.config, **applied)


def test_what_is_wrong_is_not_written(tmp_path, vector):
    path = tmp_path / "v.safetensors"
    for wrong in (
        replace(vector, x=vector.x[:-1]),
        replace(vector, expected={}),
        replace(vector, dy=vector.dy.astype("float16")),
        replace(vector, h0=np.full_like(vector.h0, np.nan)),
    ):
        with pytest.raises(FormatError, match="not written"):
            write(path, wrong)
    assert not path.exists()


def test_a_missing_folder_is_named(tmp_path, vector):
    with pytest.raises(FormatError, match="no_such_folder"):
        write(tmp_path / "no_such_folder" / "v.safetensors", vector)


def test_a_summary_counts_what_it_leaves_out_and_says_nothing_if_that_is_nothing():
    findings = [f"finding {n}" for n in range(LISTED + 2)]
    assert summary(findings[:LISTED]) == "; ".join(findings[:LISTED])
    assert summary(findings) == f"{summary(findings[:LISTED])}; and 2 more"


def test_only_a_file_that_needs_k_back_is_of_version_2(tmp_path):
    sizes = {"input_size": 3, "hidden_size": 5, "output_size": 4}
    configs = {"1": SABConfig.self_attention(**sizes), "2": SABConfig.sab2017(**sizes, k_back=2, k_trunc=3)}
    for version, config in configs.items():
        vector, _ = expect(draw(config, T=4, B=2, seed=0, state=False))
        write(tmp_path / version, vector)
        with safe_open(tmp_path / version, "np") as file:
            metadata = file.metadata()
        assert (metadata["version"], "k_back" in json.loads(metadata["config"])) == (version, version == "2")
        assert read(tmp_path / version).config == config
    ignored = SABConfig.lstm(**sizes, k_back=2)
    assert (version_of(ignored), json.loads(write_config(ignored)).get("k_back")) == ("1", None)


def test_a_file_of_version_1_with_k_back_is_refused(foreign):
    with pytest.raises(FormatError, match="unknown key 'k_back'"):
        read(foreign(config={"k_back": 2}))
    assert read(foreign(config={"k_back": 2}, metadata={"version": "2"})).config.k_back == 2
