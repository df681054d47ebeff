"""Strings of callers that are stored, compared or logged, as opposed to spoken.

Python's strings hold what UTF-8 and PostgreSQL cannot: half of a surrogate pair, which JSON can
escape, and the character U+0000. Both are refused by every protocol, whatever the database is.
"""

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_FOREIGN = re.compile(r"[\x00\ud800-\udfff]")


def is_plain(text: str) -> bool:
    """True if every database, file system and encoder takes the text."""
    return not _FOREIGN.search(text)


def _plain(text: str) -> str:
    if not is_plain(text):
        raise PydanticCustomError(
            "plain_text", "Input should be Unicode text without U+0000 and lone surrogates"
        )
    return text


PLAIN = AfterValidator(_plain)
"""Validator of plain text; in an annotation it follows constraints, which are checked first."""

PlainText = Annotated[str, PLAIN]
"""A name, an id, a label or any other string that is not spoken."""
