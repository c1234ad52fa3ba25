"""What a recording says about the machine."""

import platform

import pytest

from sabcore.benchmarks import machine


@pytest.mark.parametrize(
    ("name", "release", "says"),
    [
        ("Linux", "6.18.44-someone-v595-x86_64", "Linux 6.18"),
        ("Linux", "7-rc1", "Linux 7"),
        ("Darwin", "23.5.0", "Darwin 23.5"),
        ("Linux", "custom", "Linux"),
        ("", "", ""),
    ],
)
def test_the_system_is_named_and_the_machine_is_not(name, release, says):
    assert machine.system(name, release) == says


def test_no_word_of_the_release_beyond_its_family_is_recorded():
    assert machine.describe()["system"] == machine.system(platform.system(), platform.release())
