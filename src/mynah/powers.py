"""Powers of two, to which what a GPU computes is filled up."""


def power_of_two(number: int) -> int:
    """The least one that is not less than a number from 1 on."""
    return 1 << (number - 1).bit_length()
