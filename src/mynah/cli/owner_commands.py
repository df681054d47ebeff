"""The commands `mynah owners`: list owners, hand keys and voices over, and share voices."""

from typing import Annotated

import typer

from mynah.cli.command import PlainTextCommand

owners = typer.Typer(
    help="List owners of keys and voices, hand these over, and share voices.",
    no_args_is_help=True,
)

VoiceName = Annotated[str, typer.Argument(metavar="VOICE", help="Id or name of a voice.")]
With = Annotated[str, typer.Option("--with", help="An owner, or * for everybody.")]


@owners.command("list", cls=PlainTextCommand)
def list_owners() -> None:
    """List the owners: name, number of keys, number of voices."""
    from mynah.cli.owners import owner_rows  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    for row in owner_rows(read_settings()):
        typer.echo("\t".join(row))


@owners.command("voices", cls=PlainTextCommand)
def list_voices() -> None:
    """List the voices of all owners: id, name, owner, and with whom they are shared."""
    from mynah.cli.owners import voice_rows  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    for row in voice_rows(read_settings()):
        typer.echo("\t".join(row))


@owners.command(
    "hand-over",
    cls=PlainTextCommand,
    epilog="Example: [bold]mynah owners hand-over ann key_18c2f --to school-a[/]",
)
def hand_over(
    what: Annotated[
        list[str],
        typer.Argument(metavar="ID", help="Ids of keys, as `keys list` shows them, or of voices."),
    ],
    *,
    to: Annotated[str, typer.Option(help="Name of the owner, who may be a new one.")],
) -> None:
    """Give keys, with their jobs, kept audio and ratings, or voices to an owner."""
    from mynah.cli.owners import hand_over as give  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    for line in give(read_settings(), what, to):
        typer.echo(line)


@owners.command(cls=PlainTextCommand)
def share(
    name: VoiceName,
    *,
    owner: With,
    manage: Annotated[
        bool, typer.Option("--manage", help="To train, change and delete it, too.")
    ] = False,
) -> None:
    """Share a voice with another owner, to speak with it."""
    from mynah.cli.owners import share as run  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    typer.echo(run(read_settings(), name, owner, manage=manage))


@owners.command(cls=PlainTextCommand)
def unshare(name: VoiceName, *, owner: With) -> None:
    """Stop sharing a voice with an owner."""
    from mynah.cli.owners import unshare as run  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    typer.echo(run(read_settings(), name, owner))
