"""The record of a Transformer: its defaults, its description, and what it refuses."""

import pytest

from sabcore.errors import ConfigError
from sabcore.transformer import TransformerConfig

SIZES = {"input_size": 3, "hidden_size": 8, "output_size": 2}


def test_four_units_of_the_feed_forward_layer_for_each_of_the_width():
    assert TransformerConfig(**SIZES).F == 32
    assert TransformerConfig(**SIZES, feed_forward_size=5).F == 5


def test_it_survives_its_description():
    config = TransformerConfig(**SIZES, layers=3, heads=2, feed_forward_size=7)
    assert TransformerConfig.from_dict(config.to_dict()) == config
    assert TransformerConfig.from_dict(SIZES) == TransformerConfig(**SIZES)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"heads": 3}, "heads is 3, but should divide hidden_size, 8"),
        ({"layers": 0}, "layers is 0"),
        ({"heads": True}, "heads is True"),
        ({"feed_forward_size": 0}, "feed_forward_size is 0"),
        ({"hidden_size": None}, "hidden_size is None"),
        ({"k_top": 5}, "no field k_top"),
    ],
)
def test_what_means_nothing_is_refused(fields, message):
    with pytest.raises(ConfigError, match=message):
        TransformerConfig.from_dict({**SIZES, **fields})


def test_a_missing_size_is_named():
    with pytest.raises(ConfigError, match="a transformer needs hidden_size"):
        TransformerConfig.from_dict({"input_size": 3, "output_size": 2})
