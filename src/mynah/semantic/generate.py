"""Decoding of one request alone: a batch of one row.

Upstream: `infer_panel_naive` in `AR/models/t2s_model.py`.
"""

from collections.abc import Iterator

from mynah.semantic.batch import Batch
from mynah.semantic.gpt import GPT
from mynah.semantic.request import SemanticRequest


def generate(gpt: GPT, request: SemanticRequest) -> Iterator[int]:
    """Decodes one request, each token as soon as it is drawn.

    Args:
        gpt: the model, in eval mode.
        request: what to decode; its tensors may be on any device.

    Yields:
        Ids of semantic tokens, 25 a second, without prompt and EOS.

    Raises:
        TextError, RecordingError, OptionError: see `SemanticRequest.validate`.
        ModelError: the model's numbers are not finite.
    """
    batch = Batch(gpt, rows=1, buckets=(request.max_length,))
    batch.validate(request)
    (row,) = batch.join([request])
    given = 0
    while True:
        if row.error:
            raise row.error
        yield from row.tokens[given:]
        given = len(row.tokens)
        if row.ended:
            return
        batch.step()
