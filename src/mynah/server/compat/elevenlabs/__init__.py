"""ElevenLabs' API: `/v1/text-to-speech`, `/v1/voices`, `/v1/models`."""
