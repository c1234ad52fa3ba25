"""Every error is one that a user of sabcore can catch as such, and as the built-in it specialises."""

import pytest

from sabcore import errors


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ConfigError", ValueError),
        ("ShapeError", ValueError),
        ("DTypeError", TypeError),
        ("NonFiniteError", ValueError),
        ("FormatError", ValueError),
        ("DeviceError", RuntimeError),
        ("TrainingError", RuntimeError),
    ],
)
def test_an_error_is_sabcores_and_a_builtin(name, builtin):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.SABError)
    assert issubclass(kind, builtin)
    assert not issubclass(errors.SABError, ValueError)
    assert kind.__doc__
