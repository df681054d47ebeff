"""Clients of a Mynah server, with the options, voices and jobs that OpenAI's client lacks.

    with mynah.Client("http://localhost:8000", key="mynah_...") as client:
        client.create_voice("teacher", "minute.wav")
        job = client.wait(client.train("teacher").id)
        sound = client.speak("你好，world.", voice="teacher", response_format="wav", seed=7)

`Client` and `AsyncClient` have the same calls.
"""

from mynah.client.async_client import AsyncClient
from mynah.client.calls import Recording
from mynah.client.client import Client
from mynah.client.jobs import ServerEvent, ServerJob
from mynah.client.speech import ServerRating, ServerSpeech
from mynah.client.versions import ServerRollout, ServerVersion
from mynah.client.voices import ServerVoice

__all__ = [
    "AsyncClient",
    "Client",
    "Recording",
    "ServerEvent",
    "ServerJob",
    "ServerRating",
    "ServerRollout",
    "ServerSpeech",
    "ServerVersion",
    "ServerVoice",
]
