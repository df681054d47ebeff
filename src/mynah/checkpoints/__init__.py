"""Files as released by GPT-SoVITS become modules ready to run, and back."""
