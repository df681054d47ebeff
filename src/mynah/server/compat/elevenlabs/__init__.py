"""ElevenLabs' API: speech over HTTP and WebSockets, voices, models and the account."""
