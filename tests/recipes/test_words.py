"""Single words of many people, strung together to the length of sentences."""

from pathlib import Path

import numpy as np
import soundfile
from recipes.starter.words import string_together

RATE = 22_050


def record(path: Path, seconds: float, pitch: float) -> None:
    """A tone with half a second of silence around it."""
    time = np.arange(int(seconds * RATE)) / RATE
    path.parent.mkdir(parents=True, exist_ok=True)
    silence = np.zeros(RATE // 2)
    soundfile.write(
        path, np.concatenate([silence, 0.3 * np.sin(2 * np.pi * pitch * time), silence]), RATE
    )


def test_each_language_is_a_speaker_of_strings_without_silence(tmp_path: Path):
    for number in range(40):
        record(tmp_path / f"in/ktuberling-data/usr/share/ktuberling/sounds/fr/{number}.ogg", 1, 200)
        stamp = f"usr/share/tuxpaint/stamps/food/{number}_desc_ro.ogg"
        record(tmp_path / "in/tuxpaint-stamps-default" / stamp, 0.8, 300)
    record(tmp_path / "in/klettres-data/usr/share/klettres/da/alpha/a.ogg", 1, 250)

    string_together(tmp_path / "in", tmp_path / "out", most_seconds=20.0)

    speakers = sorted(folder.name for folder in (tmp_path / "out").iterdir())
    assert speakers == ["ktuberling-data-fr", "tuxpaint-stamps-default-ro"]  # da says too little
    for folder in (tmp_path / "out").iterdir():
        sounds = [soundfile.read(path) for path in sorted(folder.iterdir())]
        seconds = [len(samples) / rate for samples, rate in sounds]
        assert all(4.0 < each < 10.0 for each in seconds)
        assert 20.0 < sum(seconds) < 30.0
        for samples, _ in sounds:
            silent = np.abs(samples) < 0.01
            assert silent.mean() < 0.25
