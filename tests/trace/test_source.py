"""What `sab trace` is given: a random model, a file of parameters, a test vector."""

import numpy as np
import pytest

from sabcore import SABConfig, init_params, save_params
from sabcore.errors import ConfigError, FormatError, ShapeError
from sabcore.trace.source import random_source, source_of_file
from sabcore.vectors.check import find
from sabcore.vectors.format import read

CONFIG = SABConfig.paper(input_size=10, hidden_size=6, output_size=10, k_top=2, k_trunc=3)


def test_a_parameter_file_copies_a_sequence(tmp_path):
    save_params(tmp_path / "m.safetensors", CONFIG, init_params(CONFIG))
    source = source_of_file(tmp_path / "m.safetensors", T=7, seed=1)
    assert source.config == CONFIG
    assert source.x.shape == (27, 10)
    assert (source.x.sum(axis=-1) == 1).all()
    assert source.dy.shape == (27, 10)
    assert source.dy.any()
    assert abs(source.dy.sum(axis=-1)).max() < 1e-15  # a softmax's cotangent sums to zero at every step


def test_a_vector_gives_one_of_its_sequences():
    path = find([])[0]
    vector, source = read(path), source_of_file(path, T=7, seed=1, row=1)
    assert np.array_equal(source.x, vector.x[:, 1])
    assert source.h0 is not None
    assert vector.h0 is not None
    assert np.array_equal(source.h0, vector.h0[1])
    with pytest.raises(ShapeError, match=r"row is 9, but the vector has the rows 0 to"):
        source_of_file(path, T=7, seed=1, row=9)


def test_fields_but_for_sizes_can_be_changed():
    source = random_source(CONFIG, 5, 0)
    assert source.with_fields({"k_trunc": 1}).config.k_trunc == 1
    with pytest.raises(ConfigError, match="hidden_size changes the parameters' shapes"):
        source.with_fields({"hidden_size": 7})
    with pytest.raises(ConfigError, match="unknown config field"):
        source.with_fields({"k_tap": 7})


def test_foreign_files_and_models_are_refused(tmp_path):
    (tmp_path / "no.safetensors").write_bytes(b"no")
    with pytest.raises(FormatError, match="not a readable safetensors file"):
        source_of_file(tmp_path / "no.safetensors", T=7, seed=1)
    other = SABConfig.lstm(input_size=3, hidden_size=6, output_size=10)
    save_params(tmp_path / "m.safetensors", other, init_params(other))
    with pytest.raises(ShapeError, match="3 inputs and 10 outputs, but the copy task needs 10 and 10"):
        source_of_file(tmp_path / "m.safetensors", T=7, seed=1)
