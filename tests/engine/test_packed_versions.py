"""Trained versions of a model that draws in 8 bits do so, too, with their own weights."""

from dataclasses import replace

import pytest
import torch

from mynah.semantic.backends.int8 import int8_is_supported
from mynah.semantic.backends.select import quantize
from mynah.semantic.batch import generate
from mynah.semantic.sequence import SemanticRequest

pytestmark = pytest.mark.skipif(not int8_is_supported(), reason="no 8-bit kernels")

REQUEST = SemanticRequest(torch.arange(3, 12), torch.arange(200, 220), seed=5, max_tokens=20)


def decoded(models):
    batch = models.batch()
    (row,) = batch.join([REQUEST])
    while not row.ended:
        batch.step()
    return row.tokens


@pytest.fixture
def packed(models):
    return replace(models, packed=quantize(models.gpt))


def test_a_version_draws_what_its_own_weights_say(packed, adapt):
    version = packed.trained(adapt(1))
    assert version.packed is not packed.packed
    assert decoded(version) == list(generate(quantize(version.gpt), REQUEST))
    assert decoded(packed) == list(generate(packed.packed, REQUEST))


def test_its_packed_weights_count_as_its_own(models, packed, adapt):
    folder = adapt(2)
    assert packed.trained(folder).size == models.trained(folder).size + packed.packed.size


def test_a_version_without_a_gpt_of_its_own_shares_the_packed_one(packed, adapt):
    assert packed.trained(adapt(3, semantic=False)).packed is packed.packed


def test_a_model_in_float32_has_versions_in_float32(models, adapt):
    version = replace(models, packed=None).trained(adapt(4))
    assert version.packed is None
    assert decoded(version) == list(generate(version.gpt, REQUEST))
