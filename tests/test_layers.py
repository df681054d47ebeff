"""Imports run one way: no room of `src/mynah` imports one that stands above it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1] / "src" / "mynah"

GROUND = {"errors", "options", "runtime"}

ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "options": {"errors"},
    "runtime": {"errors"},
    "config": GROUND,
    "v1": set(),
    "hub": GROUND,
    "client": {"errors"},
    "text": GROUND,
    "audio": GROUND,
    "encoders": GROUND | {"text", "audio"},
    "voice": GROUND | {"text", "audio", "encoders"},
    "semantic": GROUND,
    "acoustic": GROUND,
    "checkpoints": GROUND | {"text", "semantic", "acoustic"},
}
ROOMS["imports"] = GROUND | {"text", "semantic", "acoustic", "checkpoints"}
ROOMS["starter"] = GROUND | {
    "text", "audio", "encoders", "voice", "semantic", "acoustic", "checkpoints",
}  # fmt: skip
ROOMS["engine"] = ROOMS["starter"] | {"starter"}
ROOMS["api"] = ROOMS["engine"] | {"engine"}
ROOMS["training"] = ROOMS["api"] - {"starter"} | {"api"}
ROOMS["storage"] = GROUND
ROOMS["jobs"] = GROUND | {"config", "storage"}
ROOMS["jobs.kinds"] = ROOMS["jobs"] | {"jobs", "training"}
ROOMS["server"] = (
    ROOMS["training"] - {"semantic", "acoustic"} | ROOMS["jobs.kinds"] | {"jobs.kinds", "v1"}
)
ROOMS["cli"] = ROOMS["server"] - {"storage"} | {
    "server",
    "semantic",
    "acoustic",
    "client",
    "hub",
    "imports",
    "v1",
    "cli.db",
}
ROOMS["cli.db"] = ROOMS["cli"] | {"storage"}
ROOMS[""] = ROOMS["cli"] | {"cli"}
"""The rooms that each room may import beside itself; the package's own file has no name."""

STARTER_BY = {"engine.folder", "engine.loading"}
"""The only modules that name the starter."""

INNER: dict[str, tuple[set[str], ...]] = {
    "acoustic": (
        {"masks", "spectral_convolution", "decode_stream"},
        {"acoustic_model"},
        {"sovits", "flow_matching", "vocoders"},
        {"backends"},
    ),
    "semantic": (set(), {"backends"}),
    "engine": (set(), {"models"}, {"loading"}, {"export", "local", "ray"}),
    "server": (
        {"errors", "response_headers", "metrics", "tracing"},
        {"problems", "access"},
        {"voices", "webhooks"},
        {"versions", "jobs"},
        {"speech"},
        {"stores"},
        {"services"},
        {"background", "http"},
        {"compat", "grpc", "studio"},
        {"asgi"},
    ),
}
"""Floors of a room, from the ground up; a part that is not named stands on the ground floor.

Parts of one floor may import each other.
"""


def modules() -> dict[str, Path]:
    """Files by their names below `mynah`."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").rstrip(".")] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Modules that a file imports, in functions and for types too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "mynah":
                below = name.removeprefix("mynah").lstrip(".")
                yield below if below in known else below.rpartition(".")[0]


def room_of(module: str) -> str:
    """The innermost room that a module is in."""
    parts = module.split(".")
    if parts[0] in ("", "__main__"):
        return ""
    two = ".".join(parts[:2])
    return two if two in ROOMS else parts[0]


def floor_of(module: str, room: str) -> int:
    """The number of the floor within its room, 0 on the ground."""
    part = module.removeprefix(room).lstrip(".").split(".")[0]
    return next((n for n, parts in enumerate(INNER[room]) if part in parts), 0)


def is_allowed(module: str, other: str) -> bool:
    """True if one module may import another."""
    mine, theirs = room_of(module), room_of(other)
    if theirs == "starter" and mine != "starter":
        return module in STARTER_BY
    if mine != theirs:
        return theirs in ROOMS[mine]
    return mine not in INNER or floor_of(other, mine) <= floor_of(module, mine)


def upward() -> list[str]:
    """Each import that the table forbids, as `module -> module`."""
    known = modules()
    pairs = {(name, other) for name, path in known.items() for other in imports(path, known)}
    return sorted(f"{one} -> {other}" for one, other in pairs if not is_allowed(one, other))


def test_no_room_imports_one_above_it():
    assert upward() == []


def test_only_two_modules_of_the_engine_name_the_starter():
    known = modules()
    naming = {
        name
        for name, path in known.items()
        if room_of(name) != "starter"
        and any(room_of(other) == "starter" for other in imports(path, known))
    }
    assert naming == STARTER_BY


def test_every_module_has_a_room():
    assert {room_of(name) for name in modules()} <= ROOMS.keys()
