"""Speech by the plugins of LiveKit and pipecat for OpenAI and ElevenLabs, unmodified.

    pip install livekit-plugins-openai livekit-plugins-elevenlabs 'pipecat-ai[openai,elevenlabs]'
    python tests/clients/voice_agents.py http://localhost:8000 $MYNAH_KEY

Each line tells a plugin and the seconds of audio that it got. The plugins are 0.75 GB with what
they need, so that no test runs this. On 2026-11-30 all four spoke, with the voices that they have
by default but for pipecat's ElevenLabs, which has none (livekit-plugins 1.8.9, pipecat-ai 1.14.0).
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import aiohttp
from livekit.plugins import elevenlabs as livekit_elevenlabs
from livekit.plugins import openai as livekit_openai
from pipecat.frames.frames import EndFrame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.services.openai.tts import OpenAITTSService

TEXT = "How are you today? I am very well."


async def livekit_elevenlabs_seconds(url: str, key: str) -> float:
    async with aiohttp.ClientSession() as session:
        tts = livekit_elevenlabs.TTS(
            api_key=key, base_url=f"{url}/elevenlabs/v1", http_session=session
        )
        stream = tts.stream()
        for word in TEXT.split(" "):
            stream.push_text(f"{word} ")
        stream.end_input()
        seconds = sum([each.frame.duration async for each in stream])
        await tts.aclose()
    return seconds


async def livekit_openai_seconds(url: str, key: str) -> float:
    tts = livekit_openai.TTS(api_key=key, base_url=f"{url}/v1")
    return sum([each.frame.duration async for each in tts.synthesize(TEXT)])


class Listener(FrameProcessor):
    """The end of a pipeline, which adds up the audio."""

    seconds = 0.0

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.seconds += len(frame.audio) / 2 / frame.sample_rate
        await self.push_frame(frame, direction)


async def pipecat_seconds(service) -> float:
    listener = Listener()
    task = PipelineTask(Pipeline([service, listener]))
    await task.queue_frames([TTSSpeakFrame(TEXT), EndFrame()])
    await PipelineRunner(handle_sigint=False).run(task)
    return listener.seconds


async def pipecat_elevenlabs_seconds(url: str, key: str) -> float:
    settings = ElevenLabsTTSService.Settings(voice="ljspeech")
    socket = f"{url}/elevenlabs".replace("http", "ws", 1)
    return await pipecat_seconds(ElevenLabsTTSService(api_key=key, url=socket, settings=settings))


async def pipecat_openai_seconds(url: str, key: str) -> float:
    return await pipecat_seconds(OpenAITTSService(api_key=key, base_url=f"{url}/v1"))


PLUGINS: dict[str, Callable[[str, str], Awaitable[float]]] = {
    "livekit-plugins-openai": livekit_openai_seconds,
    "livekit-plugins-elevenlabs": livekit_elevenlabs_seconds,
    "pipecat-ai[openai]": pipecat_openai_seconds,
    "pipecat-ai[elevenlabs]": pipecat_elevenlabs_seconds,
}


async def main(url: str, key: str) -> None:
    for name, speak in PLUGINS.items():
        try:
            told = f"{await asyncio.wait_for(speak(url, key), 60):.2f} s"
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
        print(name, told, sep="\t")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
