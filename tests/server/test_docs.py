"""`/docs`: what Swagger UI makes of the API's description, as a browser showed it."""

import re

import pytest


@pytest.fixture
def api(client):
    return client.get("/openapi.json").json()


def test_every_file_of_a_form_is_a_file_field(api):
    found = 0
    for schema in api["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            # Swagger UI 5 makes a text field of any other description of a file.
            assert "contentMediaType" not in {*field, *field.get("items", {})}
            found += "binary" in (field.get("format"), field.get("items", {}).get("format"))
    assert found == 3  # of a new voice, and the recordings and the list of a training


def test_paths_name_voices_that_are_there(api, client):
    shown = 0
    for path, operations in api["paths"].items():
        for each in operations.get("get", {}).get("parameters", ()):
            if each["name"] == "voice" and "{version}" not in path:
                voice = each["schema"]["example"]
                assert client.get(f"/v1/voices/{voice}").status_code == 200
                shown += 1
    assert shown == 4


def test_examples_of_speech_run(api, client):
    for body in api["components"]["schemas"]["SpeechBody"]["examples"]:
        answer = client.post("/v1/audio/speech", json=body)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("audio/")


def test_values_that_a_form_shows_make_a_voice(api, client, recording):
    fields = api["components"]["schemas"]["VoiceForm"]["properties"]
    shown = {name: field["examples"][0] for name, field in fields.items() if "examples" in field}
    form = {name: value for name, value in shown.items() if value}
    files = [("recordings", ("a.wav", recording(), "audio/wav"))]
    answer = client.post("/v1/voices", data=form, files=files)
    assert (answer.status_code, answer.json()["name"]) == (201, "ann")
    trained = api["components"]["schemas"]["TrainingForm"]["properties"]
    for name in ("labels", "consent", "epochs", "rank", "callback_url"):
        assert trained[name]["examples"] == [""]  # empty fields are not sent


def test_the_page_has_its_files_here_and_plays_what_it_received(client):
    page = client.get("/docs").text
    paths = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(paths) == 3
    for path in paths:
        assert path.startswith("/") and client.get(path).status_code == 200
    assert '"/openapi.json"' in page and "://" not in page
    assert "createObjectURL" in page
