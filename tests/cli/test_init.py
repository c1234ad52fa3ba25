"""The command line as a shell sees it: exit codes, interruption, closed pipes, and what strangers' names may do."""

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sabcore.cli import CLOSED_PIPE, COMMANDS, INTERRUPTED, main
from tests.children import child

#: `sab check`, busy from the line "ready" on.
BUSY = """
import sys, time
from sabcore.cli import main
from sabcore.validate import check
def busy(*arguments):
    print("ready", flush=True)
    time.sleep(60)
check.check_preset = busy
main(["check", "--json"], prog_name="sab")
"""


def test_ctrl_c_outside_training_is_no_failed_check():
    with child(["-c", BUSY]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (INTERRUPTED, "", "stopped\n")


@pytest.mark.parametrize("arguments", [["vectors", "check"], ["--help"], ["check", "--help"]])
def test_a_closed_pipe_is_no_failed_check(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        [sys.executable, "-m", "sabcore", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == CLOSED_PIPE
    assert err == ""


@pytest.mark.parametrize("arguments", [["exercise"], ["--help"]])
def test_a_full_disk_is_one_line(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sabcore", *arguments], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr == "Error: this cannot be read or written: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("name", ["\x1b[32mpassed", "a\npassed  forged.safetensors: 29 tensors"])
def test_a_file_name_forges_no_line(tmp_path, name):
    path = tmp_path / f"{name}.safetensors"
    path.write_bytes(b"not a vector")
    for arguments in (["vectors", "check"], ["vectors", "show"]):
        result = CliRunner().invoke(main, [*arguments, str(path)])
        assert result.exit_code == 2
        assert "\x1b" not in result.output
        assert not [line for line in result.output.splitlines() if line.startswith("passed")]


def test_an_error_is_one_line_and_exit_code_2(tmp_path):
    result = CliRunner().invoke(main, ["vectors", "show", str(tmp_path / "absent")])
    assert result.exit_code == 2
    assert result.stderr == f"Error: {tmp_path / 'absent'}: it is not there, but should be a file\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_loading_one_command_costs_no_other(command):
    program = f"import sys; from sabcore.cli import main; main.get_command(None, {command!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {module for name, module in COMMANDS.items() if name != command} & set(loaded)
