"""A decoder of half the size, taught by the trained one."""

from dataclasses import replace

import numpy as np
import torch
from recipes.starter.decoder import EDGE, DecoderPlan
from recipes.starter.distillation import (
    draw,
    slim,
    spectral_distance,
    spoken,
    stage_distance,
)
from recipes.starter.overheard import Listener
from recipes.starter.sizes import SLIM

from mynah.acoustic.sovits.hifigan import Generator

PLAN = DecoderPlan(steps=1, batch=6, frames=4)
FRAMES = PLAN.frames + 2 * EDGE


def teacher_of_equal_blocks() -> Generator:
    torch.manual_seed(0)
    threefold = replace(
        SLIM,
        resblock_kernel_sizes=3 * SLIM.resblock_kernel_sizes,
        resblock_dilation_sizes=3 * SLIM.resblock_dilation_sizes,
    )
    teacher = Generator(threefold).requires_grad_(False)
    for number, block in enumerate(teacher.resblocks):
        block.load_state_dict(teacher.resblocks[number // 3 * 3].state_dict())
    return teacher


def latents() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(1, SLIM.inter_channels, FRAMES), torch.randn(1, SLIM.gin_channels, 1)


def test_of_blocks_that_are_alike_one_says_as_much_as_three():
    teacher, (z, ge) = teacher_of_equal_blocks(), latents()
    (wanted, real), (stages, made) = spoken(teacher, z, ge), spoken(slim(teacher), z, ge)
    torch.testing.assert_close(made, real, atol=1e-5, rtol=1e-4)
    assert real.shape == (1, 640 * PLAN.frames)
    assert stage_distance(stages, wanted) < 1e-6
    assert stage_distance([2 * stage for stage in wanted], wanted) > 1


def test_a_stage_that_learns_alone_hears_no_errors_of_those_before_it():
    teacher, (z, ge) = teacher_of_equal_blocks(), latents()
    student = slim(teacher)
    torch.nn.init.zeros_(student.conv_pre.weight)
    (wanted, real), (stages, made) = spoken(teacher, z, ge), spoken(student, z, ge)
    assert not torch.allclose(made, real, atol=1e-3)
    alone, made = spoken(student, z, ge, wanted)
    torch.testing.assert_close(alone[0], stages[0])
    torch.testing.assert_close(alone[1:], wanted[1:], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(made, real, atol=1e-5, rtol=1e-4)


def test_stretches_are_cut_from_what_is_long_enough():
    short = (torch.zeros(2, FRAMES - 1).half(), torch.zeros(3, 1).half())
    counted = torch.arange(FRAMES + 40).expand(2, -1).half()
    z, ge = draw([short, (counted, torch.ones(3, 1).half())], PLAN, np.random.default_rng(0))
    assert z.shape == (6, 2, FRAMES)
    assert ge.eq(1).all()
    assert z.diff(dim=2).eq(1).all()
    assert len(z[:, 0, 0].unique()) > 1


def test_phases_count_as_well_as_sizes():
    time = torch.arange(8000) / 32_000
    sine, cosine = ((2 * torch.pi * 440 * time + shift).sin()[None] for shift in (0, torch.pi / 2))
    assert spectral_distance(sine, sine) == 0
    assert spectral_distance(cosine, sine) > 10 * spectral_distance(1.05 * sine, sine)


def test_what_is_overheard_has_no_padding():
    listener = Listener()
    z, ge = torch.randn(2, 192, 9), torch.randn(2, 512, 1)
    mask = (torch.arange(9) < torch.tensor([9, 5])[:, None]).unsqueeze(1)
    assert listener(z, ge, mask).shape == (2, 1, 9 * 640)
    assert [row.shape[1] for row, _ in listener.heard] == [9, 5]
    torch.testing.assert_close(listener.heard[1][0].float(), z[1, :, :5], atol=1e-2, rtol=1e-2)
