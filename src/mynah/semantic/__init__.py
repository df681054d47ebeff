"""The semantic stage: phonemes and prompt tokens in, semantic tokens (25 a second) out."""
