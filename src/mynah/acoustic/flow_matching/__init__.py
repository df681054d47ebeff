"""The acoustic models of GPT-SoVITS v3 and v4: conditional flow matching on mel spectrograms."""
