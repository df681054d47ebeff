"""The gateway and the bare engine in one process, on the same weights and the same threads."""

import logging.config
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

from benchmarks.load.server import VOICE
from mynah.cli.ports import take_ports
from mynah.config import Settings
from mynah.engine.models import Models, load_models
from mynah.engine.queue import SpeechQueue
from mynah.engine.synthesizer import Synthesizer
from mynah.options import SpeechOptions
from mynah.service.app import create_app
from mynah.service.logs import log_config
from mynah.service.web_server import settle, web_server
from mynah.voice.samples import samples


def serve_side_by_side(asked: Connection, model: Path | None, data: Path) -> None:
    """Serves on a free port, and has the engine alone speak for whoever asks over a pipe.

    Args:
        asked: is told port and key; then each pair of text and seed is answered with the seconds
            to the first sound of the bare engine.
        model: folder of the model; None is the starter.
        data: folder of the server, and of its log.
    """
    sys.stderr = (data / "log").open("w")
    logging.config.dictConfig(log_config())
    models = load_models(model)
    settings = Settings(data=data)
    app = create_app(settings, SpeechQueue(models))
    secret = app.state.services.keys.create("load", ["speak"])[1]
    (bound,) = take_ports("127.0.0.1", [0])
    bound.listen()  # whoever comes before the server does waits for it
    asked.send((bound.getsockname()[1], secret))
    Thread(target=_speak, args=(asked, models), daemon=True).start()
    settle()
    web_server(app).run([bound])


def _speak(asked: Connection, models: Models) -> None:
    synthesizer = Synthesizer(models)
    (sample,) = (each for each in samples() if each.name == VOICE)
    voice = sample.voice()
    while True:
        text, seed = asked.recv()
        began = time.perf_counter()
        chunks = synthesizer.stream(text, voice, SpeechOptions(seed=seed))
        next(chunks)
        took = time.perf_counter() - began
        for _ in chunks:
            pass
        asked.send(took)
