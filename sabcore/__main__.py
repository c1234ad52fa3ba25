"""`python -m sabcore` is the command `sab`."""

from sabcore.cli import main

if __name__ == "__main__":
    main(prog_name="sab")
