import pytest

from mynah.engine.loading import load_models
from mynah.engine.models import Models


@pytest.fixture(scope="session")
def starter() -> Models:
    """The packaged model, in float32 on the CPU."""
    return load_models(precision="float32", device="cpu")
