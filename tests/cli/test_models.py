"""`mynah models pull`, `list` and `remove`, against a server on loopback that can misbehave."""

import hashlib
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import soundfile
import torch

import released
from mynah.hub.catalogue import RELEASES
from mynah.hub.store import ModelStore

pytest.importorskip("huggingface_hub")
SIZE = 300_000


class Hub(BaseHTTPRequestHandler):
    """Files by their paths, with ranges; `faults` maps the end of a path to a fault."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, *, body):
        server = self.server
        server.calls.append((self.command, self.path, self.headers.get("Range")))
        server.tokens.add(self.headers.get("Authorization"))
        name = next((each for each in server.files if self.path.endswith(each)), None)
        if name is None:
            self.send_error(404)
            return
        data, fault = server.files[name], server.faults.get(name, "")
        told = len(data) + 1000 if fault == "lies" else len(data)
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        start = 0 if fault == "no ranges" else start
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{told - 1}/{told}")
        if server.etags:
            self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(told - start))
        self.end_headers()
        if body:
            self.send(data, start, fault)

    def send(self, data, start, fault):
        if fault == "wrong":
            data = bytes(len(data))
        if fault == "slow":
            for place in range(start, len(data), len(data) // 10):
                self.wfile.write(data[place : place + len(data) // 10])
                time.sleep(0.02)
            return
        end = len(data)
        if fault in ("breaks", "no ranges") and self.server.breaks:
            self.server.breaks -= 1
            end = start + (len(data) - start) // 2
        self.wfile.write(data[start:end])
        self.close_connection = end < len(data) or fault == "lies"

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub whose eres2net is `SIZE` bytes; the store is empty."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.files = {"pretrained_eres2netv2w24s4ep4.ckpt": bytes(range(250)) * (SIZE // 250)}
    server.faults, server.calls, server.tokens, server.breaks = {}, [], set(), 1
    server.etags = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MYNAH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("MYNAH_HUB_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


def pulled(store):
    return (store.folder("eres2net") / RELEASES["eres2net"].files[0].path).read_bytes()


def parts(store):
    return list(store.root.rglob("*.part"))


NAME = "pretrained_eres2netv2w24s4ep4.ckpt"


def test_size_and_licence_are_shown_and_asked_about(mynah, hub, store):
    ended = mynah("models", "pull", "eres2net", stdin=b"n\n")
    assert ended.code == 1
    assert "Apache-2.0" in ended.out and "0.3 MB" in ended.out and "Fetch 0.3 MB into" in ended.out
    assert not store.has("eres2net") and all(call[0] == "HEAD" for call in hub.calls)
    ended = mynah("models", "pull", "eres2net", stdin=b"y\n")
    assert ended.code == 0 and pulled(store) == hub.files[NAME]


@pytest.mark.parametrize("fault", ["", "breaks", "no ranges", "slow"])
def test_a_file_arrives_whole(mynah, hub, store, fault):
    hub.faults[NAME] = fault
    ended = mynah("models", "pull", "eres2net", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert pulled(store) == hub.files[NAME] and not parts(store)
    ranges = [call[2] for call in hub.calls if call[2]]
    assert ranges == ([f"bytes={SIZE // 2}-"] if fault in ("breaks", "no ranges") else [])


def test_no_token_is_sent(mynah, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert mynah("models", "pull", "eres2net", "--yes").code == 0
    assert hub.tokens == {None}


def test_the_next_call_goes_on_where_one_broke_off(mynah, refused, hub, store):
    hub.faults[NAME], hub.breaks = "breaks", 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("huggingface_hub.file_download.time.sleep", _interrupted)
        assert mynah("models", "pull", "eres2net", "--yes").code == 130
    (part,) = parts(store)
    assert part.stat().st_size == SIZE // 2 and not store.has("eres2net")
    assert "in part" not in mynah("models", "list").out
    assert mynah("models", "pull", "eres2net", "--yes").code == 0
    assert hub.calls[-1][2] == f"bytes={SIZE // 2}-" and pulled(store) == hub.files[NAME]


def _interrupted(_):
    raise KeyboardInterrupt


def test_a_server_that_lies_about_the_size(mynah, hub, store):
    hub.faults[NAME] = "lies"
    ended = mynah("models", "pull", "eres2net", "--yes")
    assert ended.code == 1 and ended.err.count("\n") == 1
    assert f"{NAME} broke off" in ended.err and "it goes on" in ended.err
    assert not store.has("eres2net")
    del hub.faults[NAME]
    assert mynah("models", "pull", "eres2net", "--yes").code == 0
    assert pulled(store) == hub.files[NAME]


def test_a_file_with_another_checksum(mynah, hub, store):
    hub.faults[NAME] = "wrong"
    ended = mynah("models", "pull", "eres2net", "--yes")
    assert ended.code == 1 and "another size or checksum" in ended.err
    assert not store.has("eres2net") and not parts(store)


def test_without_a_checksum_the_zip_file_tells(mynah, hub, store):
    file = io.BytesIO()
    torch.save({"a": torch.arange(1000)}, file)
    whole = file.getvalue()
    place = whole.index(torch.arange(1000).numpy().tobytes()[:64])
    hub.etags, hub.files[NAME] = False, whole[:place] + b"\xff" + whole[place + 1 :]
    assert mynah("models", "pull", "eres2net", "--yes").code == 1
    hub.files[NAME] = whole
    assert mynah("models", "pull", "eres2net", "--yes").code == 0
    assert pulled(store) == whole


def test_where_no_hub_can_be_reached_the_files_places_are_told(refused, hub, store, monkeypatch):
    monkeypatch.setenv("MYNAH_HUB_URL", "http://127.0.0.1:9")
    said = refused("models", "pull", "v4", "--yes")
    for file in RELEASES["v4"].files:
        assert f"{file.origin} of {file.repository} as {store.folder('v4') / file.path}" in said
    assert not store.root.exists()


def test_a_mirror_of_the_folder(mynah, hub, store):
    url = f"http://127.0.0.1:{hub.server_port}/copies/pretrained_models/"
    assert mynah("models", "pull", "eres2net", "--yes", "--from", url).code == 0
    assert {call[1] for call in hub.calls} == {f"/copies/pretrained_models/sv/{NAME}"}


def test_unknown_names(refused, hub):
    assert "There is no model v5" in refused("models", "pull", "v5")
    assert "There is no source ftp://a" in refused("models", "pull", "v1", "--from", "ftp://a")
    assert "models list" in refused("models", "remove", "v1")
    assert "mynah models pull v1" in refused(
        "say", "Hello.", "--model", "v1", "--voice", "ljspeech", "--out", "a.wav"
    )


def test_a_full_disk(mynah, hub, store, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    ended = mynah("models", "pull", "eres2net", "--yes")
    assert ended.code == 1 and "make room" in ended.err and not parts(store)


def test_speech_from_a_pulled_model_is_one_command_more(mynah, hub, tiny, store, tmp_path):
    released.write_hubert(tmp_path / released.HUBERT, **released.SMALL_HUBERT)
    released.write_bert(tmp_path / released.BERT, **released.SMALL_BERT)
    for name in (released.HUBERT, released.BERT):
        for path in (tmp_path / name).iterdir():
            hub.files[f"{name}/{path.name}"] = path.read_bytes()
    hub.files[f"{released.HUBERT}/preprocessor_config.json"] = b"{}"
    hub.files["s2G2333k.pth"] = (tiny / "acoustic.pth").read_bytes()
    hub.files["step%3D369668.ckpt"] = (tiny / "semantic.ckpt").read_bytes()
    assert mynah("models", "pull", "v2", "--yes").code == 0
    out = tmp_path / "hello.wav"
    arguments = ["--model", "v2", "--voice", "ljspeech", "--out", out]
    ended = mynah("say", "Hello.", *arguments)
    assert ended.code == 0 and soundfile.info(out).samplerate == 32_000
    assert mynah("models", "pull", "hubert", "--yes").code == 0
    listed = dict(row.split("\t")[:2] for row in mynah("models", "list").out.splitlines())
    assert [name for name, state in listed.items() if state == "pulled"] == ["v2", "hubert"]
    before = len(list((store.root / "files").rglob("*.bin")))
    assert mynah("models", "remove", "v2").code == 0
    assert before == 2 and store.has("hubert") and not store.has("roberta")
    assert [path.parent.name for path in (store.root / "files").rglob("*.bin")] == [released.HUBERT]
