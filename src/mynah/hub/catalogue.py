"""The released files of each version and part."""

from collections.abc import Mapping
from dataclasses import dataclass

GPT_SOVITS = "lj1995/GPT-SoVITS"
_BIGVGAN = "nvidia/bigvgan_v2_24khz_100band_256x"


@dataclass(frozen=True, slots=True)
class ReleasedFile:
    """A file as it is released.

    Attributes:
        path: in a model's folder; the one that it has in GPT-SoVITS's `pretrained_models`, but for
            the networks of a version, which lie at the top.
        repository: on the hub.
        origin: its path there.
        mirror: its path in a copy of `pretrained_models`.
    """

    path: str
    repository: str
    origin: str
    mirror: str


@dataclass(frozen=True, slots=True)
class Release:
    """A version, or a part of versions.

    Attributes:
        files: all that it takes.
        licences: of the files, each with what it is for.
        speaks: true for a whole model.
    """

    files: tuple[ReleasedFile, ...]
    licences: tuple[str, ...]
    speaks: bool = False


def _released(origin: str, path: str | None = None) -> ReleasedFile:
    return ReleasedFile(path or origin, GPT_SOVITS, origin, origin)


def _bigvgan(name: str) -> ReleasedFile:
    path = f"models--nvidia--bigvgan_v2_24khz_100band_256x/{name}"
    return ReleasedFile(path, _BIGVGAN, name, path)


def _network(origin: str) -> ReleasedFile:
    return _released(origin, origin.rpartition("/")[2])


_HUBERT = Release(
    tuple(
        _released(f"chinese-hubert-base/{name}")
        for name in ("config.json", "preprocessor_config.json", "pytorch_model.bin")
    ),
    ("chinese-hubert-base: MIT",),
)
_ROBERTA = Release(
    tuple(
        _released(f"chinese-roberta-wwm-ext-large/{name}")
        for name in ("config.json", "tokenizer.json", "pytorch_model.bin")
    ),
    ("chinese-roberta-wwm-ext-large: Apache-2.0",),
)
_ERES2NET = Release(
    (_released("sv/pretrained_eres2netv2w24s4ep4.ckpt"),), ("3D-Speaker's ERes2NetV2: Apache-2.0",)
)
_BIGVGAN_V2 = Release(
    (_bigvgan("bigvgan_generator.pt"), _bigvgan("config.json")), ("BigVGAN: MIT",)
)
_GPT_V3 = "s1v3.ckpt"
_V4_VOCODER = "gsv-v4-pretrained/vocoder.pth"


def _version(origins: tuple[str, ...], *parts: Release, more: tuple[str, ...] = ()) -> Release:
    parts = (_HUBERT, _ROBERTA, *parts)
    files = (*map(_network, origins), *map(_released, more))
    return Release(
        files + tuple(file for part in parts for file in part.files),
        ("GPT-SoVITS: MIT", *(licence for part in parts for licence in part.licences)),
        speaks=True,
    )


RELEASES: Mapping[str, Release] = {
    "v1": _version(("s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt", "s2G488k.pth")),
    "v2": _version(
        (
            "gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
            "gsv-v2final-pretrained/s2G2333k.pth",
        )
    ),
    "v2Pro": _version((_GPT_V3, "v2Pro/s2Gv2Pro.pth"), _ERES2NET),
    "v2ProPlus": _version((_GPT_V3, "v2Pro/s2Gv2ProPlus.pth"), _ERES2NET),
    "v3": _version((_GPT_V3, "s2Gv3.pth"), _BIGVGAN_V2),
    "v4": _version((_GPT_V3, "gsv-v4-pretrained/s2Gv4.pth"), more=(_V4_VOCODER,)),
    "hubert": _HUBERT,
    "roberta": _ROBERTA,
    "eres2net": _ERES2NET,
    "bigvgan": _BIGVGAN_V2,
}
"""The releases by the names that `mynah models pull` takes."""
