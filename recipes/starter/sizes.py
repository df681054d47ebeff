"""Sizes of the starter's networks; everything not named is as in the released v2."""

from dataclasses import replace

from mynah.acoustic.sovits.config import SoVITSConfig
from mynah.semantic.config import SemanticConfig

ACOUSTIC = SoVITSConfig(
    version="v2",
    symbols=732,
    filter_channels=384,
    n_layers=4,
    upsample_kernel_sizes=(20, 16, 4, 4, 22),
)
"""As it is trained and shipped."""

SLIM = replace(ACOUSTIC, resblock_kernel_sizes=(11,), resblock_dilation_sizes=((1, 3, 5),))
"""With half the decoder: of the three residual blocks of each stage the widest is left."""

SEMANTIC = SemanticConfig(hidden=256, heads=4, layers=6)
