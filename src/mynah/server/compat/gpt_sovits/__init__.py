"""The APIs of GPT-SoVITS: `api_v2.py`, `api.py`, and those of GSVI and SillyTavern beside them."""
