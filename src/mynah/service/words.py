"""The words of recordings, looked at before anything is decoded."""

from collections.abc import Sequence

from mynah.errors import RequestError, TextError
from mynah.text.frontend import analyse
from mynah.text.languages.registry import language_code


def check_words(texts: Sequence[str], recordings: int, language: str, split: str = "cut5") -> None:
    """Refuses words that do not fit their recordings or cannot be pronounced.

    Args:
        texts: of the first recordings, in their order; an empty one is not known.
        recordings: how many there are.
        language: of the words.
        split: where they may be cut into sentences.

    Raises:
        LanguageError: there is no such language.
        RequestError: naming the field.
    """
    language_code(language)
    if len(texts) > recordings:
        raise RequestError("There are more texts than recordings; send one for each.", "text")
    try:
        for words in filter(None, texts):
            analyse(words, language, split)
    except TextError as error:
        raise RequestError(str(error), "text") from None
