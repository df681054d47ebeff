"""A command that checks that its text arguments are UTF-8."""

from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand

from mynah.errors import OptionError


class PlainTextCommand(TyperCommand):
    """Command that refuses text that is not UTF-8, which Python marks with lone surrogates.

    Paths may have any bytes. So may `--voice`, which names a recording or a voice.
    """

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401 - typer keeps the class to itself
        """Run the command.

        Raises:
            OptionError: naming the option whose text is not UTF-8.
        """
        from mynah.server.plain_text import is_plain  # noqa: PLC0415 - pydantic is heavy

        for name, value in ctx.params.items():
            if name != "voice" and not all(map(is_plain, _texts(value))):
                raise OptionError(f"The {name.replace('_', ' ')} is not UTF-8; convert it first.")
        return super().invoke(ctx)


def _texts(value: object) -> Iterator[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return (each for each in values if isinstance(each, str))
