"""Options of speech as fields of a request: every family has them, under names of its own."""

from typing import Any

from pydantic import Field

from mynah.options import RANGES, SpeechOptions


def option_field(name: str, description: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    """A field with the default and the range of an option; None is the model's own default."""
    low, high = RANGES[name]
    default = getattr(SpeechOptions(), name)
    if default is None:
        description += " The model's own if not given."
    return Field(default=default, ge=low, le=high, description=description)
