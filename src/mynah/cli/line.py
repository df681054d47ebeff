"""Text of unknown origin, such as a file's name or what a checkpoint says of itself, on a line."""


def one_line(text: str) -> str:
    """The text without line breaks, nor control characters that a terminal would obey."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())
