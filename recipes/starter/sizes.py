"""Sizes of the starter's networks; everything not named is as in the released v2."""

from mynah.acoustic.config import AcousticConfig
from mynah.semantic.config import SemanticConfig

ACOUSTIC = AcousticConfig(
    version="v2",
    symbols=732,
    filter_channels=384,
    n_layers=4,
    upsample_initial_channel=256,
    resblock_kernel_sizes=(3, 7),
    resblock_dilation_sizes=((1, 3), (1, 3)),
)

SEMANTIC = SemanticConfig(hidden=256, heads=4, layers=6)
