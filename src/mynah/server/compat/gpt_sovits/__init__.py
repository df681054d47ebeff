"""GPT-SoVITS's `api_v2.py`: `/tts` in the voice of a file on the server, and its other calls."""
