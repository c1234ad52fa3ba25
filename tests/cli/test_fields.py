"""`--set FIELD=VALUE`: JSON where it is JSON, a name where it is not."""

import click
import pytest
from click.testing import CliRunner

from sabcore.cli import main
from sabcore.cli.fields import SAB2017, preset_option, read_fields, set_option
from sabcore.errors import ConfigError


def test_values_are_json_or_names():
    given = ("k_trunc=4", "k_remind=null", "score_grad=false", "eps=1e-7", "truncation=sliding", "small_memory=")
    assert read_fields(given) == {
        "k_trunc": 4, "k_remind": None, "score_grad": False, "eps": 1e-7, "truncation": "sliding", "small_memory": "",
    }  # fmt: skip
    assert read_fields(("a=b=c", "a=2")) == {"a": 2}  # the last one counts
    assert read_fields(("a=" + "[" * 100_000,)) == {"a": "[" * 100_000}
    assert read_fields(()) == {}


def test_what_is_no_assignment_is_named():
    with pytest.raises(ConfigError, match="--set k_trunc should be FIELD=VALUE, as --set k_trunc=4"):
        read_fields(("k_trunc",))


def test_the_option_may_be_given_more_than_once():
    command = click.command()(set_option("Help.")(lambda assignments: click.echo(repr(assignments))))
    assert CliRunner().invoke(command, ["--set", "a=1", "--set", "b=2"]).output == "('a=1', 'b=2')\n"


def test_a_preset_is_one_of_the_known_names():
    command = click.command()(
        preset_option("--preset", default="lstm", help_text="Help.")(lambda preset: print(preset))
    )
    assert CliRunner().invoke(command, []).output == "lstm\n"
    assert "'dev2017' is not one of" in CliRunner().invoke(command, ["--preset", "dev2017"]).output


@pytest.mark.parametrize("command", ["check", "trace", "validate", "vectors make"])
def test_help_that_names_sab2017_says_what_it_is(command):
    shown = CliRunner().invoke(main, [*command.split(), "--help"], terminal_width=1000).output
    assert "sab2017" in shown.replace(SAB2017, "")
    assert SAB2017 in " ".join(shown.split())
