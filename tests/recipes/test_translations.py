"""Sentences are found in what programs bring along, and nothing that nobody would say."""

import gzip
import json
import struct
from pathlib import Path

from recipes.starter import translations

TOLD = {
    "Do you want to leave this place?": "你想离开这个地方吗？",
    "Saved %d files.": "已保存 %d 个文件。",
    "<b>Wait</b> here for me.": "请在<b>这里</b>等我，不要走开。",
    "OK": "好",
    "menu\x04Open the window on the left.": "打开左边的窗户吧。",
}


def write_catalogue(path: Path, told: dict[str, str]) -> None:
    """A `.mo` file, as `msgfmt` makes it."""
    pairs = sorted(
        (a.encode(), b.encode())
        for a, b in {"": "Content-Type: text/plain; charset=UTF-8\n", **told}.items()
    )
    start = 28 + 16 * len(pairs)
    tables, texts = [b"", b""], b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += struct.pack("<2I", len(pair[side]), start + len(texts))
            texts += pair[side] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    path.write_bytes(header + b"".join(tables) + texts)


def test_catalogues_pages_and_manuals_of_packages(tmp_path: Path):
    catalogue = tmp_path / "packages/game/share/locale/zh_CN/LC_MESSAGES/game.mo"
    page = tmp_path / "packages/guide/html/zh-CN/index.html"
    manual = tmp_path / "packages/pages/share/man/zh_CN/man1/wait.1.gz"
    german = tmp_path / "packages/game/share/locale/de/LC_MESSAGES/game.mo"
    for path in (catalogue, page, manual, german):
        path.parent.mkdir(parents=True)
    write_catalogue(catalogue, TOLD)
    write_catalogue(german, {"Only the Germans know this.": "Das wissen nur die Deutschen."})
    page.write_text(
        "<p>今天的天气\n非常好。</p><script>这不是一句话。</script><li>标题</li>", "utf-8"
    )
    manual.write_bytes(gzip.compress(".TH 标题\n等待所有\\fB子进程\\fR结束。\n".encode()))
    translations.gather(tmp_path / "packages", tmp_path / "texts")
    rows = [
        json.loads(line)
        for line in (tmp_path / "texts/metadata.jsonl").read_text("utf-8").splitlines()
    ]
    found = {lang: {row["text"] for row in rows if row["lang"] == lang} for lang in ("zh", "en")}
    assert found["zh"] == {
        "你想离开这个地方吗？",
        "请在这里等我，不要走开。",
        "打开左边的窗户吧。",
        "今天的天气非常好。",
        "等待所有子进程结束。",
    }
    assert found["en"] == {
        "Do you want to leave this place?",
        "Wait here for me.",
        "Open the window on the left.",
    }


def test_no_package_prevails(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(translations, "MOST", 2)
    path = tmp_path / "packages/game/zh_CN/game.mo"
    path.parent.mkdir(parents=True)
    write_catalogue(path, TOLD)
    for _ in range(2):
        translations.gather(tmp_path / "packages", tmp_path / "texts")
        texts = (tmp_path / "texts/metadata.jsonl").read_text("utf-8")
        assert texts.count('"zh"') == texts.count('"en"') == 2
