"""The command `mynah`."""

import sys

from mynah.errors import MynahError


def main() -> None:
    """Run the command line.

    A caller's error is one line on stderr and exit code 1, wrong usage is exit code 2.
    """
    from mynah.cli.app import app  # noqa: PLC0415

    try:
        app(prog_name="mynah")
    except MynahError as error:
        from mynah.cli.output import one_line  # noqa: PLC0415

        print(f"mynah: {one_line(str(error))}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
