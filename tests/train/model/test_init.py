"""Models by their kinds: each comes back from its own description, and no other description gives one."""

import json

import pytest

from sabcore import SABConfig
from sabcore.errors import ConfigError
from sabcore.train import model as models
from sabcore.train.model import MODELS, Model, Recurrent, ReleasedTorch0112, Transformer, model_from_dict, model_to_dict
from sabcore.transformer import TransformerConfig

SIZES = {"input_size": 3, "hidden_size": 4, "output_size": 5}
EACH: dict[str, Model] = {
    "recurrent": Recurrent(SABConfig.paper(**SIZES, k_top=2, k_trunc=3), score_bound=0.3),
    "released_torch_0_1_12": ReleasedTorch0112(SABConfig.released(**SIZES, k_top=2)),
    "transformer": Transformer(TransformerConfig(**SIZES)),
}


def test_a_model_is_known_by_its_kind():
    assert set(MODELS) == set(EACH)
    assert all(model.kind == kind and getattr(models, model.__name__) is model for kind, model in MODELS.items())


@pytest.mark.parametrize("kind", EACH)
def test_a_description_gives_the_model_back(kind):
    described = json.loads(json.dumps(model_to_dict(EACH[kind])))
    assert described["kind"] == kind
    assert model_from_dict(described) == EACH[kind]
    assert type(model_from_dict(described)) is MODELS[kind]


@pytest.mark.parametrize("kind", EACH)
def test_a_field_too_many_or_too_few_is_refused(kind):
    fields = model_to_dict(EACH[kind])
    for key in set(fields) - {"kind"}:
        with pytest.raises(ConfigError):
            model_from_dict({other: value for other, value in fields.items() if other != key})
    with pytest.raises(ConfigError):
        model_from_dict({**fields, "more": 1})


@pytest.mark.parametrize("kind", [None, 3, ["recurrent"], "tree", "Recurrent"])
def test_a_kind_that_is_none_is_refused_and_the_right_ones_are_told(kind):
    with pytest.raises(
        ConfigError, match=r"^model kind is .*, but should be one of 'recurrent', 'released_torch_0_1_1"
    ):
        model_from_dict({"kind": kind})
