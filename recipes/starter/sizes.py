"""Sizes of the starter's networks; everything not named is as in the released v2."""

from mynah.acoustic.config import AcousticConfig
from mynah.semantic.config import SemanticConfig

ACOUSTIC = AcousticConfig(
    version="v2",
    symbols=732,
    filter_channels=384,
    n_layers=4,
    upsample_kernel_sizes=(20, 16, 4, 4, 22),
    coloured=True,
)

SEMANTIC = SemanticConfig(hidden=256, heads=4, layers=6)
