"""Owners: names of voices, sharing, ratings, the cache, and handing over."""

from urllib.parse import quote

import pytest
from training_jobs import IDLE, begin, make_version, make_voice, work

from mynah.cli.owners import hand_over, owner_rows, share, unshare, voice_rows
from mynah.errors import OptionError, VoiceNotFoundError
from mynah.server.errors import VoiceExistsError

SPEECH = "/v1/audio/speech"


@pytest.fixture(scope="module")
def server(serve_in, tmp_path_factory):
    server = serve_in(tmp_path_factory.mktemp("owners"), **IDLE | {"guard_answers": 2})
    server.model.gate.set()
    return server


@pytest.fixture
def callers(server, request):
    """Clients of two owners of the test's own, `a` and `b`, and the names of these."""
    names = [f"{who}-{abs(hash(request.node.name)):x}" for who in "ab"]
    return *(server.client(server.key("speak", "train", owner=name)) for name in names), *names


def said(client, voice: str, **fields):
    return client.post(SPEECH, json={"voice": voice, "input": "Hello.", **fields})


def grant(client, voice: str, owner: str, access: str = "speak") -> dict:
    answer = client.put(f"/v1/voices/{voice}/shares/{owner}", json={"access": access})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(client) -> list[str]:
    data = client.get("/v1/voices", params={"limit": 100}).json()["data"]
    return [voice["name"] for voice in data if not voice["built_in"]]


def test_keys_of_one_owner_share_its_voices(server, callers, recording):
    a, b, owner, _ = callers
    voice = make_voice(a, recording)
    colleague = server.client(server.key("speak", owner=owner))
    assert colleague.get("/v1/voices/ann").json()["id"] == voice
    assert names(a) == names(colleague) == ["ann"]
    assert names(b) == []
    assert said(b, voice).status_code == 404
    assert said(b, "ljspeech", references=[voice]).status_code == 404


def test_two_owners_have_voices_of_one_name(callers, recording, error_of):
    a, b, *_ = callers
    first, second = make_voice(a, recording), make_voice(b, recording)
    assert a.get("/v1/voices/ann").json()["id"] == first
    assert b.get("/v1/voices/ann").json()["id"] == second
    files = [("recordings", ("a.wav", recording(), "audio/wav"))]
    again = a.post("/v1/voices", data={"name": "ann"}, files=files)
    assert error_of(again)["code"] == "voice_exists"


def test_a_name_that_several_owners_have_is_no_name_for_an_admin(
    server, callers, recording, error_of
):
    a, b, *_ = callers
    voice = make_voice(a, recording, "twice")
    admin = server.client()
    assert admin.get("/v1/voices/twice").json()["id"] == voice
    make_voice(b, recording, "twice")
    answer = admin.delete("/v1/voices/twice")
    assert (answer.status_code, error_of(answer)["code"]) == (409, "ambiguous_voice")
    assert admin.get(f"/v1/voices/{voice}").json()["name"] == "twice"


def test_a_shared_voice_tells_whose_it_is_and_keeps_the_rest(callers, recording):
    a, b, owner, other = callers
    voice = make_voice(a, recording)
    a.patch(f"/v1/voices/{voice}", json={"consent": "On file."})
    shares = [{"owner": other, "access": "speak"}]
    assert grant(a, voice, other)["data"] == shares
    mine, theirs = a.get(f"/v1/voices/{voice}").json(), b.get("/v1/voices/ann").json()
    assert (mine["access"], mine["shares"], mine["consent"]) == ("own", shares, "On file.")
    assert (theirs["access"], theirs["shares"], theirs["consent"]) == ("speak", [], None)
    assert theirs["owner"] == owner
    assert said(b, "ann").status_code == 200
    assert said(b, "ljspeech", references=["ann"]).status_code == 200
    assert b.get(f"/v1/voices/{voice}/preview").status_code == 403


def test_a_share_ends_at_once(callers, recording, error_of):
    a, b, _, other = callers
    voice = make_voice(a, recording)
    grant(a, voice, other)
    assert said(b, "ann").status_code == 200
    assert a.delete(f"/v1/voices/{voice}/shares/{other}").json()["data"] == []
    assert said(b, "ann").status_code == 404
    again = a.delete(f"/v1/voices/{voice}/shares/{other}")
    assert (again.status_code, error_of(again)["code"]) == (404, "share_not_found")


def test_a_voice_can_be_shared_with_everybody(server, callers, recording):
    a, b, *_ = callers
    voice = make_voice(a, recording, "common")
    grant(a, voice, "*")
    stranger = server.client(server.key("speak", owner="whoever"))
    assert said(stranger, "common").status_code == said(b, "common").status_code == 200
    assert stranger.get(f"/v1/voices/{voice}").json()["access"] == "speak"
    a.delete(f"/v1/voices/{voice}/shares/*").raise_for_status()
    assert said(stranger, "common").status_code == 404


def test_nobody_takes_the_name_of_a_shared_voice(server, callers, recording):
    a, b, _, other = callers
    first = make_voice(a, recording)
    grant(a, first, other)
    intruder = server.client(server.key("train", owner="intruder"))
    grant(intruder, make_voice(intruder, recording), "*", "manage")
    assert b.get("/v1/voices/ann").json()["id"] == first
    listed = b.get("/v1/audio/voices").json()["voices"]
    assert first in [each["id"] for each in listed if each["name"] == "ann"]
    # A voice of one's own goes before all of these.
    own = make_voice(b, recording)
    assert b.get("/v1/voices/ann").json()["id"] == own
    intruder.delete("/v1/voices/ann")


@pytest.mark.parametrize("owner", ["", "a b", "a/b", "a\nb", "*a", "x" * 101, "-a"])
def test_a_wrong_name_is_no_owners(server, callers, recording, owner):
    with pytest.raises(OptionError):
        server.key("speak", owner=owner)
    a, *_ = callers
    voice = make_voice(a, recording)
    answer = a.put(f"/v1/voices/{voice}/shares/{quote(owner)}", json={"access": "speak"})
    assert 400 <= answer.status_code < 500
    assert a.get(f"/v1/voices/{voice}").json()["shares"] == []


def test_ratings_of_others_do_not_withdraw_a_version(server, callers, recording):
    a, b, _, other = callers
    voice = make_voice(a, recording)
    make_version(server, a, voice, recording)
    grant(a, voice, other)

    def rate(client) -> str:
        answer = said(client, voice)
        where = f"/v1/audio/{answer.headers['x-audio-id']}/rating"
        client.post(where, json={"similarity": -1}).raise_for_status()
        return answer.headers["x-voice-version"]

    assert [rate(b) for _ in range(4)] == ["2"] * 4
    assert [rate(a) for _ in range(2)] == ["2"] * 2
    assert said(a, voice).headers["x-voice-version"] == "1"


def test_the_cache_tells_nobody_what_another_owner_had_said(server, callers):
    a, b, owner, _ = callers
    order = {"seed": 7, "cache": True, "input": "A secret of ours."}
    colleague = server.client(server.key("speak", owner=owner))
    results = [said(client, "ljspeech", **order) for client in (a, a, colleague, b)]
    assert [each.headers["x-cache"] for each in results] == ["miss", "hit", "hit", "miss"]
    assert len({each.content for each in results}) == 1


def test_a_training_ends_with_the_share_that_allowed_it(server, callers, recording):
    a, b, _, other = callers
    voice = make_voice(a, recording)
    grant(a, voice, other, "manage")
    job, own = begin(b, voice, recording), begin(a, voice, recording)
    grant(a, voice, other)
    for each in (job, own):
        work(server, each)
    assert b.get(f"/v1/jobs/{job}").json()["state"] == "cancelled"
    assert a.get(f"/v1/jobs/{own}").json()["state"] == "succeeded"
    assert b.post(f"/v1/jobs/{job}/retry").status_code == 403


def test_what_is_handed_over_is_the_new_owners_alone(server, callers, recording):
    a, b, _, other = callers
    settings = server.services.settings
    voice, colliding = make_voice(a, recording), make_voice(b, recording)
    grant(a, voice, other)
    with pytest.raises(VoiceExistsError):
        list(hand_over(settings, [voice], other))
    b.patch(f"/v1/voices/{colliding}", json={"name": "bob"}).raise_for_status()
    assert list(hand_over(settings, [voice], other)) == [f"{voice} belongs to {other}"]
    assert sorted(names(b)) == ["ann", "bob"]
    assert b.get(f"/v1/voices/{voice}").json()["shares"] == []
    assert a.get(f"/v1/voices/{voice}").status_code == 404
    assert (other, "1", "2") in list(owner_rows(settings))


def test_a_key_takes_along_what_it_made(server, callers, recording):
    _, b, owner, other = callers
    key, secret = server.services.stores.keys.create("k", ["speak", "train"], owner=owner)
    client = server.client(secret)
    job = begin(client, make_voice(client, recording), recording)
    audio = said(client, "ljspeech", store=True).json()["id"]
    assert b.get(f"/v1/jobs/{job}").status_code == 404
    list(hand_over(server.services.settings, [key.id], other))
    assert b.get(f"/v1/jobs/{job}").status_code == 200
    assert b.delete(f"/v1/audio/{audio}").status_code == 200
    assert client.get("/v1/voices/ann").status_code == 404
    assert client.get(f"/v1/jobs/{job}").status_code == 200


def test_the_operator_shares_voices_by_commands(server, callers, recording):
    a, b, owner, other = callers
    settings = server.services.settings
    voice = make_voice(a, recording)
    assert share(settings, voice, other, manage=True) == f"ann is shared with {other} to manage"
    assert (voice, "ann", owner, f"{other} to manage") in list(voice_rows(settings))
    assert b.patch("/v1/voices/ann", json={"labels": {"a": "b"}}).status_code == 200
    assert unshare(settings, voice, other) == f"ann is no longer shared with {other}"
    assert b.get("/v1/voices/ann").status_code == 404
    with pytest.raises(VoiceNotFoundError):
        share(settings, "nobody", other, manage=False)
