"""Sentences as a GPT takes them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from mynah.encoders.roberta import TextFeatures
from mynah.options import SpeechOptions
from mynah.semantic.sampling import SamplingOptions, TokenConstraint
from mynah.semantic.sequence import SemanticRequest
from mynah.text.sentence import Sentence
from mynah.text.symbols import SymbolTable
from mynah.voice.prompt import PreparedVoice


@dataclass(frozen=True, slots=True, eq=False)
class ReadText:
    """Sentences as numbers.

    Attributes:
        phones: (phones,) ids.
        bert: (1024, phones) their text features, or None for zeros.
    """

    phones: Tensor
    bert: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class TextReader:
    """Reads sentences for one GPT.

    Attributes:
        symbols: the phoneme ids that it was trained with.
        text_features: what it is told of a text's meaning.
        sampling: its own sampling options.
    """

    symbols: SymbolTable
    text_features: TextFeatures
    sampling: SamplingOptions

    def resolve(self, options: SpeechOptions) -> SpeechOptions:
        """Fill in the GPT's own sampling options where none were chosen."""
        own = asdict(self.sampling)
        left = {name: value for name, value in own.items() if getattr(options, name) is None}
        return replace(options, **left)

    def read(self, sentences: Sequence[Sentence]) -> ReadText:
        """Ids of the phonemes of sentences, and their features.

        Raises:
            LanguageError: The GPT was not trained with a language of theirs.
        """
        ids = self.symbols.encode_sentences(sentences)
        features = [self.text_features(sentence) for sentence in sentences]
        known = [each for each in features if each is not None]
        bert = torch.cat(known, dim=1) if known else None
        return ReadText(torch.tensor(ids, dtype=torch.long), bert)

    def request(
        self,
        text: ReadText,
        prompt: PreparedVoice,
        options: SpeechOptions,
        seed: int,
        constraint: TokenConstraint | None = None,
    ) -> SemanticRequest:
        """The request for the tokens of a text that continues a prompt."""
        chosen = self.resolve(options)
        return SemanticRequest(
            phones=torch.cat([prompt.phones, text.phones]),
            prompt=prompt.codes,
            bert=_joined(prompt.bert, text.bert),
            sampling=SamplingOptions(
                **{name: getattr(chosen, name) for name in asdict(self.sampling)}
            ),
            seed=seed,
            constraint=constraint,
        )


def _joined(prompt: Tensor | None, sentence: Tensor | None) -> Tensor | None:
    """Features of both; where there are none, a prompt has no words, or nothing has features."""
    if prompt is None or sentence is None:
        return sentence
    return torch.cat([prompt, sentence], dim=1)
