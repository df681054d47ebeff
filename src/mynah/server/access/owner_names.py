"""Names of owners, to whom keys belong and all that is made with them."""

import re

from mynah.errors import OptionError

DEFAULT_OWNER = "default"
"""Owner of keys that are made without one, and of all that was there before there were owners."""
EVERYBODY = "*"
"""In place of an owner: all owners, those to come among them."""
OWNER_PATTERN = r"^\w[\w.@+-]{0,99}$"
"""A name stands in paths, logs and lists: letters, digits and a few signs."""


def check_owner(name: str) -> str:
    """Check the name of an owner, and return it.

    Raises:
        OptionError: it cannot be one.
    """
    # Not `match`, for which a line feed may follow the end.
    if not re.fullmatch(OWNER_PATTERN, name):
        raise OptionError(
            f"{name!r:.80} cannot be the name of an owner; take up to 100 letters, digits and "
            "the signs . @ + - _."
        )
    return name
