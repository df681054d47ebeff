"""Options that the steps of recipes have in common."""

from pathlib import Path
from typing import Annotated

import typer

Work = Annotated[Path, typer.Option(help="Folder of everything that the recipe makes.")]
Steps = Annotated[int, typer.Option(help="Steps of the whole training, over all calls.")]
Minutes = Annotated[float, typer.Option(help="When to stop this call; the next one goes on.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Threads = Annotated[int, typer.Option(help="Processor threads of this call.")]
FOREVER = float("inf")
