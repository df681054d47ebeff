"""The places that released files are fetched from."""

from dataclasses import dataclass
from urllib.parse import quote

from mynah.errors import OptionError
from mynah.hub.catalogue import ReleasedFile

HUB = "hub"
_MODELSCOPE = "modelscope:"
_MODELSCOPE_URL = "https://www.modelscope.cn/models"


@dataclass(frozen=True, slots=True)
class Source:
    """A place that files are fetched from.

    Attributes:
        mirror: URL of a copy of GPT-SoVITS's `pretrained_models`; if empty, the hub.
        hub: URL of the hub.
    """

    mirror: str
    hub: str = ""

    def url(self, file: ReleasedFile) -> str:
        """The URL of a file."""
        if self.mirror:
            return f"{self.mirror}/{quote(file.mirror)}"
        return f"{self.hub}/{file.repository}/resolve/main/{quote(file.origin)}"


def source_of(text: str, hub: str) -> Source:
    """The source that a caller names.

    Args:
        text: `hub`, `modelscope:OWNER/NAME`, or the URL of a copy of `pretrained_models`.
        hub: URL of the hub, or of a mirror of all of it.

    Raises:
        OptionError: it is none of these.
    """
    if text == HUB:
        return Source("", hub.rstrip("/"))
    if text.startswith(_MODELSCOPE) and text.count("/") == 1:
        return Source(f"{_MODELSCOPE_URL}/{text.removeprefix(_MODELSCOPE)}/resolve/master")
    if text.startswith(("http://", "https://")):
        return Source(text.rstrip("/"))
    raise OptionError(
        f"There is no source {text}; give hub, modelscope:OWNER/NAME, or the URL of a copy of "
        "GPT-SoVITS's folder pretrained_models."
    )
