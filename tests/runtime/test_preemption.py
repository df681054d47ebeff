"""Work that gives way to what is more urgent."""

from mynah.runtime.preemption import give_way, preempted_by


def test_what_is_urgent_is_done_at_each_point_and_not_within_itself():
    done = []

    def urgent():
        done.append(len(done))
        give_way()

    give_way()
    with preempted_by(urgent):
        give_way()
        give_way()
    give_way()
    assert done == [0, 1]


def test_an_error_of_what_is_urgent_leaves_the_rest_as_it_was():
    def urgent():
        raise ValueError

    with preempted_by(urgent):
        for _ in range(2):
            try:
                give_way()
            except ValueError:
                continue
            raise AssertionError("nothing was done")
