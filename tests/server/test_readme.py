"""The README's lines for applications, run as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import soundfile

README = Path(__file__).parents[2] / "README.md"


def blocks(section: str) -> list[tuple[str, str]]:
    """Language and text of each block of code in a section that says its language."""
    text = README.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"```(bash|python)\n(.*?)```", text, re.DOTALL)


def test_what_applications_are_told_to_run_works(start, recording, tmp_path):
    server = start()
    (tmp_path / "me.wav").write_bytes(recording())
    environment = os.environ | {"MYNAH_KEY": server.secret, "OMP_NUM_THREADS": "1"}
    told = []
    for language, code in blocks("From applications"):
        command = {"bash": ["bash", "-e", "-c"], "python": [sys.executable, "-c"]}[language]
        done = subprocess.run(
            [*command, code.replace("http://localhost:8000", server.url)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told.append(done.stdout)
    for name in ("morning.mp3", "hello.wav", "lesson.mp3"):
        assert soundfile.info(tmp_path / name).duration > 0.3
    assert len(told) == 4
    assert '"url":"http' in told[2]
    assert "me" in [voice["name"] for voice in server.client().get("/v1/voices").json()["data"]]
