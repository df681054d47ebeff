"""`mynah phonemize`: the output of the text frontend."""

from collections.abc import Iterator


def phonemize(language: str, texts: list[str]) -> Iterator[dict[str, object]]:
    """Pronounce each text whole.

    Yields:
        `text` as given, `normalised` in words, and `phones`, the models' symbols.

    Raises:
        TextError: A text cannot be pronounced.
        LanguageError: The language code is unknown.
    """
    from mynah.text.frontend import pronounce  # noqa: PLC0415

    for text in texts:
        sentence = pronounce(text, language)
        yield {
            "text": text,
            "normalised": sentence.normalised,
            "phones": list(sentence.phones),
        }
