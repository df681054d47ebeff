"""The promotion gate for any evaluation: promoted means that it gained and crossed no bound."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mynah.server.versions.promotion import CONFIDENCE, PromotionRules
from mynah.training.evaluation import Evaluation, Measure

RULES = PromotionRules(similarity_loss=0.02, word_error_rise=0.02, phoneme_error_rise=0.05)

likeness = st.floats(-1, 1) | st.just(math.nan)
rate = st.floats(0, 2) | st.just(math.nan)
chance = st.floats(0, 1) | st.sampled_from([math.inf, math.nan])
evaluations = st.builds(
    Evaluation,
    st.builds(Measure, likeness, likeness, chance),
    st.none() | st.builds(Measure, rate, rate, chance),
    st.sampled_from(["phoneme", "word"]),
    st.lists(st.just("The recordings are noise."), max_size=1),
)


@given(evaluations)
def test_promoted_means_gained_with_no_bound_crossed(evaluation):
    if RULES.objections(evaluation):
        return
    similarity, errors = evaluation.similarity, evaluation.error_rate
    assert not evaluation.doubts
    assert similarity.before - similarity.after <= RULES.similarity_loss
    bound = {"word": RULES.word_error_rise, "phoneme": RULES.phoneme_error_rise}[evaluation.unit]
    assert errors.after - errors.before <= bound
    more_alike = similarity.after - similarity.before
    clearer = errors.before - errors.after
    assert (more_alike > 0 and more_alike >= CONFIDENCE * similarity.standard_error) or (
        clearer > 0 and clearer >= CONFIDENCE * errors.standard_error
    )


@given(evaluations)
def test_what_gets_worse_is_no_reason_to_promote(evaluation):
    worse = replace(
        evaluation,
        similarity=replace(evaluation.similarity, after=-1.0),
        error_rate=evaluation.error_rate and replace(evaluation.error_rate, after=2.0),
    )
    if RULES.objections(evaluation):
        assert RULES.objections(worse)


def test_each_objection_is_a_sentence():
    bad = Evaluation(
        Measure(0.9, 0.5), Measure(0.1, 0.5), "phoneme", ("The recordings are noise.",)
    )
    objections = RULES.objections(bad)
    assert len(objections) == 3
    assert all(each.endswith(".") and "\n" not in each for each in objections)
    assert RULES.objections(None)
