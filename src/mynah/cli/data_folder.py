"""The folder in which everything that lasts is kept."""

from mynah.config import Settings
from mynah.errors import OptionError


def make_data_folder(settings: Settings) -> None:
    """Makes it, if it is not there.

    Raises:
        OptionError: it cannot be made.
    """
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(
            f"The data folder {settings.data} cannot be made ({error.strerror}); set MYNAH_DATA."
        ) from None
