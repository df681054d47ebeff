"""The versions of acoustic models."""

from typing import Literal

Version = Literal["v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4"]
"""Versions of GPT-SoVITS whose acoustic models there are."""
