"""The commands `mynah db`: the revision of the database's schema, and its upgrade."""

import typer

db = typer.Typer(
    help="Tell the revision of the server's database, upgrade and check it.", no_args_is_help=True
)


@db.command()
def current() -> None:
    """Print the revision that the database has, or `none`."""
    from mynah.config import read_settings  # noqa: PLC0415
    from mynah.storage import migrate  # noqa: PLC0415

    typer.echo(migrate.current(read_settings().database) or "none")


@db.command()
def upgrade() -> None:
    """Bring the database to the newest revision; a SQLite file is copied first."""
    from mynah.config import read_settings  # noqa: PLC0415
    from mynah.storage import migrate  # noqa: PLC0415
    from mynah.storage.data_folder import check_format  # noqa: PLC0415

    settings = read_settings()
    check_format(settings.data)
    if copy := migrate.upgrade(settings.database):
        typer.echo(f"the database as it was: {copy}")
    typer.echo(f"the database is at the newest revision, {migrate.current(settings.database)}")


@db.command()
def check() -> None:
    """Check that the database is whole and at the newest revision; exit code 1 if not."""
    from mynah.config import read_settings  # noqa: PLC0415
    from mynah.storage import migrate  # noqa: PLC0415
    from mynah.storage.data_folder import check_format  # noqa: PLC0415

    settings = read_settings()
    check_format(settings.data)
    revision = migrate.check(settings.database)
    typer.echo(f"the database is whole, and at the newest revision, {revision}")
