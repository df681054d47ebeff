"""Streaming decode: the chunks join to what decoding at once would give.

The prior looks at all tokens that are near, which costs little. It predicts a frame a little
differently when it knows more tokens, so latents that are sampled for the frames after a chunk
are cross-faded with those that are sampled with the next. The flow and the vocoder are
convolutions: they get as many frames before a chunk as their receptive field reaches back. The
sound of neighbouring chunks, alike by then, is cross-faded within one frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from mynah.acoustic.decode_stream import Chunk, DecodeStream
from mynah.acoustic.masks import length_mask
from mynah.acoustic.postfilter import Postfilter
from mynah.acoustic.sovits.config import FRAMES_PER_TOKEN, SoVITSConfig
from mynah.acoustic.sovits.model import NOISE_SCALE
from mynah.acoustic.sovits.speed import change_speed, fit, frame_count
from mynah.acoustic.sovits.text_encoder import Prior
from mynah.runtime.device import Transferable

PRIOR_TOKENS = 250
"""Tokens before a chunk that the prior looks at."""

FLOW_FRAMES = 32
"""Receptive field of the flow before a chunk: 4 couplings of 4 convolutions that reach 2 frames."""

VOCODER_FRAMES = 6
"""Frames before a chunk that the vocoder gets; what lies further back is not audible."""

WaveDecoder = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""From latents, timbre vectors and a mask to waveforms: a `Generator` or one of its backends."""


class SoVITSNetwork(Protocol):
    """The networks that streaming decode needs: a `SoVITS` or one of its backends."""

    @property
    def config(self) -> SoVITSConfig:
        """Its sizes."""

    @property
    def device(self) -> torch.device:
        """The device that it computes on."""

    @property
    def dec(self) -> WaveDecoder:
        """The decoder of latents."""

    def prior(
        self, codes: Tensor, phones: Tensor, ge: Tensor, *, lengths: Tensor, phone_lengths: Tensor
    ) -> Prior:
        """See `SoVITS.prior`."""

    def render(self, latents: Tensor, mask: Tensor, timbre: Tensor) -> Tensor:
        """See `SoVITS.render`."""


_NOISE_BLOCK = 64


@dataclass(slots=True, eq=False)
class SoVITSStream(DecodeStream):
    """A sentence that a SoVITS decodes.

    Attributes:
        phones: (phones,) ids.
        timbre: of the voice, (1, channels, 1).
        speed: 2 halves the duration.
        seed: of the noise in the latents.
        speaker_state: of the voice, for the model's post-filter.
        frames: decoded so far.
        latents: (channels, frames) that the next chunk begins with, or None.
        overlap: (samples,) sound of the next frame as the last chunk had it, or None.
    """

    phones: Tensor
    timbre: Tensor
    speed: float = 1.0
    seed: int = 0
    speaker_state: Transferable | None = None
    frames: int = 0
    latents: Tensor | None = None
    overlap: Tensor | None = None
    _noise: list[Tensor] = field(default_factory=list)
    _generator: torch.Generator | None = None

    def noise(self, start: int, end: int, channels: int) -> Tensor:
        """Noise (channels, end - start) of a range of frames, whatever the ranges before it."""
        generator = self._generator or torch.Generator().manual_seed(self.seed)
        self._generator = generator
        while len(self._noise) * _NOISE_BLOCK < end:
            self._noise.append(torch.randn(_NOISE_BLOCK, channels, generator=generator))
        first = start // _NOISE_BLOCK
        blocks = torch.cat(self._noise[first : -(-end // _NOISE_BLOCK)])
        return blocks[start - first * _NOISE_BLOCK : end - first * _NOISE_BLOCK].T


@dataclass(frozen=True, slots=True)
class _ContextWindow:
    """A stream's next chunk, in frames, with the context that each network gets before it.

    Attributes:
        first_token: first token that the prior gets.
        flow: first frame that the flow gets.
        vocoder: first frame that the vocoder gets.
        start: first frame of the chunk.
        end: frame after its last.
        known: frame after the last that there are tokens for.
    """

    stream: SoVITSStream
    chunk: Chunk
    first_token: int
    flow: int
    vocoder: int
    start: int
    end: int
    known: int

    @classmethod
    def of(cls, stream: SoVITSStream) -> "_ContextWindow":
        chunk, start, speed = stream.chunk, stream.frames, stream.speed
        assert chunk is not None
        known = frame_count(chunk.known, speed, ended=chunk.last)
        vocoder = max(0, start - VOCODER_FRAMES)
        flow = max(0, vocoder - FLOW_FRAMES)
        return cls(
            stream,
            chunk,
            first_token=max(0, chunk.start - PRIOR_TOKENS),
            flow=flow,
            vocoder=vocoder,
            start=start,
            end=frame_count(chunk.end, speed, ended=chunk.last),
            known=known,
        )


@torch.inference_mode()
def decode_next(
    sovits: SoVITSNetwork,
    streams: Sequence[SoVITSStream],
    vocoder: WaveDecoder | None = None,
    postfilter: Postfilter | None = None,
) -> list[Tensor]:
    """Decode the next chunk of each stream, and move the streams on.

    Args:
        sovits: the model, in eval mode.
        streams: each with a `chunk` to decode, and a timbre on the model's device.
        vocoder: in place of the model's own.
        postfilter: of the model, if it has one.

    Returns:
        For each the chunk's waveform, (samples,) between -1 and 1, on the CPU.
    """
    windows = [_ContextWindow.of(stream) for stream in streams]
    timbre = torch.cat([stream.timbre for stream in streams])
    sampled = zip(windows, _prior(sovits, windows, timbre), strict=True)
    latents, mask = _padded([_continued(*each) for each in sampled])
    latents = sovits.render(latents, mask, timbre)
    if postfilter:
        latents = postfilter(latents, mask, [stream.speaker_state for stream in streams])
    z, mask = _padded(
        [
            row[:, window.vocoder - window.flow : window.known - window.flow]
            for row, window in zip(latents, windows, strict=True)
        ]
    )
    alike = len({window.known - window.vocoder for window in windows}) == 1
    decode = vocoder or sovits.dec
    waves = decode(z, timbre, None if alike else mask).squeeze(1).cpu()
    hop = sovits.config.hop_length
    return [_join(window, wave, hop) for window, wave in zip(windows, waves, strict=True)]


def _prior(sovits: SoVITSNetwork, windows: Sequence[_ContextWindow], ge: Tensor) -> list[Tensor]:
    """Latents (channels, frames) from each window's start, sampled from the prior."""
    device = ge.device
    codes = [
        torch.tensor(window.stream.tokens[window.first_token : window.chunk.known])
        for window in windows
    ]
    phones = [window.stream.phones for window in windows]
    prior = sovits.prior(
        pad_sequence(codes, batch_first=True).to(device),
        pad_sequence(phones, batch_first=True).to(device),
        ge,
        lengths=torch.tensor([len(row) for row in codes], device=device),
        phone_lengths=torch.tensor([len(row) for row in phones], device=device),
    )
    return [_sample(*each) for each in zip(prior.mean, prior.log_scale, windows, strict=True)]


def _sample(mean: Tensor, log_scale: Tensor, window: _ContextWindow) -> Tensor:
    """Sample a window's new latents from the distribution (channels, frames) at speed 1."""
    stream = window.stream
    there = (window.chunk.known - window.first_token) * FRAMES_PER_TOKEN
    frames = range(window.start, window.known)
    whole = window.start == 0 and window.chunk.last
    first = window.first_token * FRAMES_PER_TOKEN
    mean, log_scale = (
        fit(x[:, :there], len(frames))
        if whole
        else change_speed(x[:, :there], frames, stream.speed, first)
        for x in (mean, log_scale)
    )
    noise = stream.noise(window.start, window.known, len(mean)).to(mean)
    return mean + noise * log_scale.exp() * NOISE_SCALE


def _continued(window: _ContextWindow, new: Tensor) -> Tensor:
    """Latents (channels, frames) of a whole window: those used before it, and the new ones."""
    before = window.stream.latents
    if before is not None:
        # All but the last frames, which were sampled without knowing what follows them.
        used = before[:, : window.start - window.flow]
        early = before[:, used.shape[1] :]
        fade = torch.linspace(0, 1, early.shape[1] + 2, device=new.device)[1:-1]
        faded = torch.lerp(early, new[:, : early.shape[1]], fade)
        new = torch.cat([used, faded, new[:, early.shape[1] :]], dim=1)
    next_flow = max(0, window.end - VOCODER_FRAMES - FLOW_FRAMES)
    window.stream.latents = new[:, next_flow - window.flow :].clone()
    return new


def _padded(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows (channels, frames) as (rows, channels, frames) with zeros after them, and the mask."""
    lengths = [row.shape[1] for row in rows]
    longest = max(lengths)
    padded = torch.stack([F.pad(row, (0, longest - row.shape[1])) for row in rows])
    return padded, length_mask(torch.tensor(lengths, device=padded.device), longest)


def _join(window: _ContextWindow, wave: Tensor, hop: int) -> Tensor:
    """The part of a window's sound that is new, faded in over the frame that is shared."""
    stream = window.stream
    wave = wave[(window.start - window.vocoder) * hop : (window.known - window.vocoder) * hop]
    size = (window.end - window.start) * hop
    if stream.overlap is not None:
        fade = torch.linspace(0, torch.pi, hop).cos().add(1).div(2)
        wave = torch.cat([torch.lerp(wave[:hop], stream.overlap, fade), wave[hop:]])
    stream.overlap = None if window.chunk.last else wave[size : size + hop].clone()
    stream.frames = window.end
    stream.advance(window.chunk)
    return wave[:size].clone()
