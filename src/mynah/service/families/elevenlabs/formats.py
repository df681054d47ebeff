"""Values of `output_format`: kind of audio, sample rate in hertz and bit rate in kbit/s."""

from mynah.audio.encoding import AudioFormat

_KINDS = {
    "mp3": ["22050_32", "24000_48", *(f"44100_{rate}" for rate in (32, 64, 96, 128, 192))],
    "opus": [f"48000_{rate}" for rate in (32, 64, 96, 128, 192)],
    "pcm": ["8000", "16000", "22050", "24000", "32000", "44100", "48000"],
    "wav": ["8000", "16000", "22050", "24000", "32000", "44100", "48000"],
    "ulaw": ["8000"],
    "alaw": ["8000"],
}
FORMATS = {f"{kind}_{rates}" for kind, all_rates in _KINDS.items() for rates in all_rates}


def format_of(name: str) -> AudioFormat:
    """How sound is written under one of `FORMATS`."""
    kind, sample_rate, *bit_rate = name.split("_")
    if not bit_rate:
        return AudioFormat(kind, int(sample_rate))
    return AudioFormat(kind, int(sample_rate), 1000 * int(bit_rate[0]))
