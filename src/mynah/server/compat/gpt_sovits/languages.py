"""Languages of GPT-SoVITS's calls: its codes in any case, and its Chinese names of them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from mynah.server.plain_text import PLAIN
from mynah.text.languages.registry import CODES


@dataclass(frozen=True, slots=True)
class UpstreamLanguage:
    """A language setting of GPT-SoVITS.

    Attributes:
        name: in its forms, and in calls of `api.py` and GSVI.
        needs: the language without which a text cannot be read so.
    """

    name: str
    needs: str


UPSTREAM = {
    "auto": UpstreamLanguage("多语种混合", "Mandarin"),
    "auto_yue": UpstreamLanguage("多语种混合(粤语)", "Cantonese"),
    "zh": UpstreamLanguage("中英混合", "Mandarin"),
    "all_zh": UpstreamLanguage("中文", "Mandarin"),
    "en": UpstreamLanguage("英文", "English"),
    "ja": UpstreamLanguage("日英混合", "Japanese"),
    "all_ja": UpstreamLanguage("日文", "Japanese"),
    "yue": UpstreamLanguage("粤英混合", "Cantonese"),
    "all_yue": UpstreamLanguage("粤语", "Cantonese"),
    "ko": UpstreamLanguage("韩英混合", "Korean"),
    "all_ko": UpstreamLanguage("韩文", "Korean"),
}
"""GPT-SoVITS's codes, which are Mynah's own for the languages that it speaks."""
_CODE_OF_NAME = {language.name: code for code, language in UPSTREAM.items()}
_SPOKEN = ", ".join(
    f"{code} ({UPSTREAM[code].name})" if code in UPSTREAM else code for code in CODES
)


def code_of(given: str) -> str:
    """The language code of a code or a name.

    Raises:
        ValueError: there is no such language, or it is not spoken here; the message names it.
    """
    name = given.strip().replace("（", "(").replace("）", ")")
    code = _CODE_OF_NAME.get(name, name.lower())
    if code in CODES:
        return code
    if code in UPSTREAM:
        raise ValueError(
            f"{given:.40} needs {UPSTREAM[code].needs}, which is not spoken here; "
            f"use one of {_SPOKEN}"
        )
    raise ValueError(f"unknown language {given[:40]!r}; use one of {_SPOKEN}")


Language = Annotated[str, PLAIN, AfterValidator(code_of)]
"""A language by its code or its name."""
