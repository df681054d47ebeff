"""Reading of what people have who already use GPT-SoVITS: its working tree, GSVI's characters."""
