"""Languages that need an extra: what tests of them are skipped without."""

from importlib.util import find_spec

import pytest

PACKAGES = {"ja": "pyopenjtalk", "ko": "MeCab", "yue": "ToJyutping"}


def needs(language: str) -> pytest.MarkDecorator:
    """Skip a test where a language's extra is not installed."""
    package = PACKAGES.get(language)
    return pytest.mark.skipif(
        package is not None and find_spec(package) is None,
        reason=f"{package} is not installed: pip install 'mynah[{language}]'",
    )


def spoken(*languages: str) -> list[object]:
    """Parameters: languages, of which those are skipped whose extra is not installed."""
    return [pytest.param(each, marks=needs(each)) for each in languages]
