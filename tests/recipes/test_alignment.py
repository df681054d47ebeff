"""How tokens are read back: alignment along CTC spikes."""

import numpy as np
from hypothesis import strategies as st
from recipes.starter.alignment import best_spikes

ROWS = st.lists(st.integers(0, 4), max_size=12)


def test_each_label_is_found_where_the_scores_peak():
    scores = np.full((12, 4), np.log(0.01), np.float32)
    scores[:, 3] = np.log(0.9)
    for label, frame in ((0, 1), (2, 5), (2, 8), (1, 10)):
        scores[frame] = np.log(0.01)
        scores[frame, label] = np.log(0.9)
    assert best_spikes(scores, np.array([0, 2, 2, 1])).tolist() == [1, 5, 8, 10]
