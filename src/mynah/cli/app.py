"""The commands and their options; the modules beside this one implement them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from mynah.cli.command import PlainTextCommand
from mynah.cli.db import db
from mynah.cli.owner_commands import owners
from mynah.cli.training_commands import EXAMPLE, export, jobs, train
from mynah.options import SpeechOptions
from mynah.runtime.version import package_version

_DEFAULTS = SpeechOptions()

app = typer.Typer(
    epilog="Try it: [bold]mynah say '你好，world.' --voice ljspeech --out hello.wav[/]",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
models = typer.Typer(help="Fetch, list, remove and look at models.", no_args_is_help=True)
app.add_typer(models, name="models")
keys = typer.Typer(help="Make, list and revoke the API keys of the server.", no_args_is_help=True)
app.add_typer(keys, name="keys")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mynah {package_version()}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """Few-shot voice cloning: text in the voice of a recording."""


Language = Annotated[
    str,
    typer.Option(
        help="zh, ja, ko or yue, each with English in it; all_zh ... without; en; auto or auto_yue "
        "by script."
    ),
]


@app.command(
    cls=PlainTextCommand,
    epilog="Example: [bold]mynah say 'Good morning.' --voice me.wav "
    "--voice-text 'What I say in me.wav.' --out morning.wav[/]",
)
def say(
    text: Annotated[str, typer.Argument(help="What to say; - reads it from standard input.")],
    *,
    voice: Annotated[
        str,
        typer.Option(
            help="A recording of 3 to 10 seconds, a name that `voices` lists, or a voice of the "
            "data folder, such as `train` makes."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Audio file to write: .wav, .flac, .ogg or .mp3.")],
    voice_text: Annotated[
        str | None,
        typer.Option(help="The words of the recording. Without them only its timbre is taken."),
    ] = None,
    language: Language = _DEFAULTS.language,
    voice_language: Annotated[
        str, typer.Option(help="Language of the words of the recording.")
    ] = "auto",
    speed: Annotated[float, typer.Option(help="2 is twice as fast, 0.5 half.")] = _DEFAULTS.speed,
    seed: Annotated[
        int, typer.Option(help="Another number gives another reading.")
    ] = _DEFAULTS.seed,
    temperature: Annotated[
        float | None, typer.Option(help="Below 1 calmer, above 1 livelier; the model's own.")
    ] = _DEFAULTS.temperature,
    model: Annotated[
        Path | None,
        typer.Option(
            help="A model that `models pull` fetched, such as v2ProPlus, or the folder of one of "
            "your own: the GPT (.ckpt), the SoVITS (.pth), "
            "chinese-hubert-base and, for Mandarin, chinese-roberta-wwm-ext-large. "
            "Without it the starter speaks."
        ),
    ] = None,
) -> None:
    """Say a text in the voice of a recording."""
    from mynah.cli.models import with_pulled_model  # noqa: PLC0415
    from mynah.cli.say import say_to_file  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    options = SpeechOptions(language=language, speed=speed, seed=seed, temperature=temperature)
    say_to_file(
        text,
        out,
        options,
        voice=voice,
        voice_text=voice_text,
        voice_language=voice_language,
        settings=with_pulled_model(read_settings(model=model)),
    )


@app.command(cls=PlainTextCommand)
def voices() -> None:
    """List the voices that come with Mynah."""
    from mynah.voice.samples import samples  # noqa: PLC0415

    for sample in samples():
        typer.echo(f"{sample.name}\t{sample.language}\t{sample.licence}\t{sample.origin}")


@app.command(cls=PlainTextCommand)
def phonemize(
    texts: Annotated[list[str], typer.Argument(help="One or more texts.")],
    language: Language = _DEFAULTS.language,
) -> None:
    """Print texts as they are said, in words and in phonemes, one JSON object a line."""
    from mynah.cli.phonemize import phonemize as rows  # noqa: PLC0415

    for row in rows(language, texts):
        typer.echo(json.dumps(row, ensure_ascii=False))


@models.command(cls=PlainTextCommand)
def inspect(
    path: Annotated[
        Path,
        typer.Argument(
            help="A .ckpt or .pth file, or the folder of a model; nothing in it is executed."
        ),
    ],
) -> None:
    """Print what a model holds: kinds, versions, sizes, training, and parts that are missing."""
    if path.is_dir():
        from mynah.cli.inspect_folder import describe_folder  # noqa: PLC0415

        rows = describe_folder(path)
    else:
        from mynah.cli.inspect import describe  # noqa: PLC0415

        rows = describe(path)
    for name, value in rows.items():
        typer.echo(f"{name + ':':<12} {value}")


@models.command(cls=PlainTextCommand, epilog="Example: [bold]mynah models pull v2ProPlus[/]")
def pull(
    name: Annotated[
        str,
        typer.Argument(
            help="v1, v2, v2Pro, v2ProPlus, v3 or v4, or a part: hubert, roberta, eres2net, "
            "bigvgan."
        ),
    ],
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="hub, modelscope:OWNER/NAME, or the URL of a copy of GPT-SoVITS's folder "
            "pretrained_models.",
        ),
    ] = "hub",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Fetch the files of a version of GPT-SoVITS; again where it broke off, and it goes on."""
    from mynah.cli.models import pull as run  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    run(name, source, read_settings(), yes=yes)


@app.command(
    "import",
    cls=PlainTextCommand,
    epilog="Example: [bold]mynah import ~/GPT-SoVITS[/]; nothing in the folder is changed.",
)
def import_models(
    folder: Annotated[
        Path,
        typer.Argument(help="GPT-SoVITS's own folder, or one of GSVI's characters."),
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Make models and voices of what GPT-SoVITS trained; again later for what is new."""
    from mynah.cli.import_folder import import_folder  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    import_folder(folder, read_settings(), yes=yes)


@models.command("list", cls=PlainTextCommand)
def list_models() -> None:
    """List the models that can be pulled: name, state, size on this machine, licences."""
    from mynah.cli.models import rows  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    for row in rows(read_settings()):
        typer.echo("\t".join(row))


@models.command("remove", cls=PlainTextCommand)
def remove_model(name: Annotated[str, typer.Argument(help="As `models list` shows it.")]) -> None:
    """Remove a pulled model, and the files that no other one needs."""
    from mynah.cli.models import remove  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    remove(name, read_settings())


@app.command(
    cls=PlainTextCommand,
    epilog="Settings are environment variables, such as MYNAH_PORT; `mynah settings` lists them.",
)
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8000.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="A pulled model, or the folder of one of your own, as `say` takes it."),
    ] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Serve without keys.")] = False,
    trust_network: Annotated[
        bool,
        typer.Option("--trust-network", help="Allow --no-auth where other machines can call."),
    ] = False,
) -> None:
    """Serve the API over HTTP until stopped."""
    from mynah.cli.models import with_pulled_model  # noqa: PLC0415
    from mynah.cli.serve import serve as run  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    settings = read_settings(
        host=host,
        port=port,
        model=model,
        no_auth=no_auth or None,
        trust_network=trust_network or None,
    )
    run(with_pulled_model(settings))


@app.command(
    cls=PlainTextCommand,
    epilog="Without a broker the server works on jobs itself, and needs no worker.",
)
def worker(
    *,
    once: Annotated[
        str | None, typer.Option(metavar="JOB", help="Work on this one job, and end.")
    ] = None,
) -> None:
    """Work on jobs, such as training, that servers queue on a broker (MYNAH_BROKER_URL)."""
    from mynah.cli.worker import work, work_once  # noqa: PLC0415
    from mynah.config import read_settings  # noqa: PLC0415

    if once:
        work_once(read_settings(), once)
    else:
        work(read_settings())


@app.command(cls=PlainTextCommand)
def settings() -> None:
    """Print every setting with its default, unit and meaning, as a page in Markdown."""
    from mynah.cli.settings import settings_page  # noqa: PLC0415

    typer.echo(settings_page(), nl=False)


@keys.command(cls=PlainTextCommand)
def create(
    name: Annotated[str, typer.Argument(help="What you call the key.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="speak, train or admin; give it again for more. [default: speak]"),
    ] = None,
    days: Annotated[float | None, typer.Option(help="Days until it expires; never.")] = None,
    owner: Annotated[
        str, typer.Option(help="Whose it is, and all that is made with it.")
    ] = "default",
) -> None:
    """Make a key and print it, this once."""
    from mynah.cli.keys import open_keys  # noqa: PLC0415

    key, secret = open_keys().create(name, scope or ["speak"], days, owner)
    typer.echo(f"{key.id}  {', '.join(key.scopes)}; note the key, it is not shown again:", err=True)
    typer.echo(secret)


@keys.command("list", cls=PlainTextCommand)
def list_keys() -> None:
    """List the keys: id, name, scopes, day they were made, state, owner."""
    from mynah.cli.keys import open_keys, rows  # noqa: PLC0415

    for row in rows(open_keys()):
        typer.echo("\t".join(row))


@keys.command(cls=PlainTextCommand)
def revoke(key: Annotated[str, typer.Argument(help="The id that `keys list` shows.")]) -> None:
    """Revoke a key; a running server refuses it, and ends its streams within seconds."""
    from mynah.cli.keys import open_keys  # noqa: PLC0415

    typer.echo(f"{open_keys().revoke(key).id} is revoked")


app.command(cls=PlainTextCommand, epilog=EXAMPLE)(train)
app.add_typer(jobs, name="jobs")
app.add_typer(owners, name="owners")
app.add_typer(db, name="db")
app.command(cls=PlainTextCommand, epilog="Example: [bold]mynah export ann --out ann/[/]")(export)
