"""Languages of GPT-SoVITS's calls: its codes in any case, and its Chinese names of them."""

from typing import Annotated

from pydantic import AfterValidator

from mynah.server.plain_text import PLAIN
from mynah.text.languages.registry import CODES

NAMES = {
    "auto": "多语种混合",
    "auto_yue": "多语种混合(粤语)",
    "zh": "中英混合",
    "all_zh": "中文",
    "en": "英文",
    "ja": "日英混合",
    "all_ja": "日文",
    "yue": "粤英混合",
    "all_yue": "粤语",
    "ko": "韩英混合",
    "all_ko": "韩文",
}
"""By code: names in GPT-SoVITS's forms, and in calls of `api.py` and GSVI."""
_CODE_OF_NAME = {name: code for code, name in NAMES.items()}
_KNOWN = ", ".join(f"{code} ({NAMES[code]})" if code in NAMES else code for code in CODES)


def code_of(given: str) -> str:
    """The language code of a code or a name.

    Raises:
        ValueError: there is no such language; the message lists those that there are.
    """
    name = given.strip().replace("（", "(").replace("）", ")")
    code = _CODE_OF_NAME.get(name, name.lower())
    if code not in CODES:
        raise ValueError(f"unknown language {given[:40]!r}; use one of {_KNOWN}")
    return code


Language = Annotated[str, PLAIN, AfterValidator(code_of)]
"""A language by its code or its name."""
