"""Recordings by URL, from web servers on loopback: what is fetched, and what is never reached."""

import time
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mynah
from mynah.errors import OptionError
from mynah.server.voices.fetch import FetchRules

LOOPBACK = {"fetch_schemes": ["http"], "fetch_networks": ["127.0.0.1/32"]}


def make(server, *urls: str, name: str = "fetched"):
    data = {"name": name, "recording_urls": list(urls)}
    return server.client().post("/v1/voices", data=data)


def refused(error_of, answer) -> str:
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert (error["code"], error["param"]) == ("invalid_recording_url", "recording_urls")
    return error["message"]


def test_a_voice_is_made_of_what_a_url_holds(start, web, recording):
    server = start(fetch_hosts=["localhost", "127.0.0.1"], **LOOPBACK)
    web.files["/a.wav"] = recording()
    assert make(server, web.url("/a.wav", "localhost")).status_code == 201
    # The address is connected to, and the host still hears its own name.
    assert web.hosts == [f"localhost:{web.server_port}"]
    led = make(server, web.url("/to/" + web.url("/a.wav")), name="led")
    assert led.status_code == 201
    body = {"input": "How are you?", "voice": "led", "response_format": "wav"}
    assert server.client().post("/v1/audio/speech", json=body).status_code == 200


def test_sent_and_fetched_recordings_make_one_voice(start, web, recording):
    server = start(fetch_hosts=["127.0.0.1"], **LOOPBACK)
    web.files["/b.wav"] = recording(pitch=220)
    with mynah.Client(server.url, server.secret) as client:
        words = ["Hello, my dear friend.", "The same again."]
        client.create_voice("both", recording(), urls=[web.url("/b.wav")], texts=words)
        assert client.speak("How are you?", "both")


def test_nothing_is_fetched_unless_the_operator_says_from_where(start, web, recording, error_of):
    web.files["/a.wav"] = recording()
    assert "MYNAH_FETCH_HOSTS" in refused(error_of, make(start(), web.url("/a.wav")))
    other = start(fetch_hosts=["files.example"], **LOOPBACK)
    assert "127.0.0.1" in refused(error_of, make(other, web.url("/a.wav")))
    assert web.asked == []


def test_no_name_leads_into_the_servers_own_network(start, web, error_of):
    server = start(fetch_hosts=["*"], fetch_schemes=["http"])
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::1]"):
        told = refused(error_of, make(server, web.url("/a.wav", host)))
        assert "public" in told or "no host" in told
    assert web.asked == []


def test_what_is_no_url_of_an_allowed_kind_is_refused(start, web, error_of):
    server = start(fetch_hosts=["127.0.0.1"], **LOOPBACK)
    for url in (
        f"https://127.0.0.1:{web.server_port}/a",
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "http:///a",
        "http://127.0.0.1:99999/a",
        "http://[::1/a",
        "a.wav",
        "\0",
        "",
    ):
        refused(error_of, make(server, url))
    assert web.asked == []


def test_a_redirect_is_looked_at_like_a_url(start, web, error_of):
    server = start(fetch_hosts=["*"], **LOOPBACK)
    onwards = (
        web.url("/a.wav", "127.0.0.2"),
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/a",
        f"https://127.0.0.1:{web.server_port}/a",
        "file:///etc/passwd",
        "http://xn--a/",
        "http://localhost:99999/",
    )
    for onward in onwards:
        refused(error_of, make(server, web.url(f"/to/{onward}")))
    assert web.asked == [f"/to/{onward}" for onward in onwards]


def test_a_circle_of_redirects_ends(start, web, error_of):
    server = start(fetch_hosts=["127.0.0.1"], **LOOPBACK)
    assert "leads on" in refused(error_of, make(server, web.url("/to//to/")))
    assert len(web.asked) == 4


def test_no_more_is_read_than_a_recording_may_have(start, web, error_of):
    server = start(fetch_hosts=["127.0.0.1"], upload_bytes=1 << 20, **LOOPBACK)
    assert "1 MiB" in refused(error_of, make(server, web.url("/endless")))
    limit = time.monotonic() + 5
    while "left" not in web.asked:
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_an_answer_that_trickles_is_given_up(start, web, error_of):
    server = start(fetch_hosts=["127.0.0.1"], fetch_seconds=0.5, **LOOPBACK)
    assert "0.5 s" in refused(error_of, make(server, web.url("/trickle")))


def test_what_is_not_there_or_no_recording_is_told(start, web, recording, error_of):
    server = start(fetch_hosts=["127.0.0.1"], upload_recordings=2, **LOOPBACK)
    assert "404" in refused(error_of, make(server, web.url("/none")))
    web.files["/text"] = b"hello, this is no audio" * 100
    answer = make(server, web.url("/text"))
    assert error_of(answer)["code"] == "invalid_recording"
    web.asked.clear()
    assert error_of(make(server, *[web.url("/text")] * 3))["param"] == "recordings"
    assert web.asked == []
    nobody = "http://127.0.0.1:1/"
    assert "ConnectError" in refused(error_of, make(server, nobody))


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "::127.0.0.1",
        "::8.8.8.8", "64:ff9b:1::7f00:1", "64:ff9b:1::808:808", "::ffff:0:7f00:1", "fec0::1",
        "2001:0:7f00:1::", "2001::1", "3fff::1", "5f00::1", "4000::1", "100::1", "240.0.0.1",
        "198.18.0.1", "192.0.0.8", "192.0.2.1", "fe80::1%lo",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not FetchRules(["*"], ["https"], [], 1, 1).allow(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "10.1.2.3"])
def test_addresses_that_may_be_reached(address):
    assert FetchRules(["*"], ["https"], ["10.1.0.0/16"], 1, 1).allow(address)


PRIVATE = st.one_of(
    st.ip_addresses(network=network)
    for network in (
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    )
)


@given(
    PRIVATE,
    st.sampled_from(["::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::", "fec0::"]),
)
def test_no_way_of_writing_a_private_address_makes_it_public(address, prefix):
    written = str(IPv6Address(int(IPv6Address(prefix)) + int(address)))
    assert not FetchRules(["*"], ["https"], [], 1, 1).allow(written)
    six_to_four = str(IPv6Address((0x2002 << 112) + (int(address) << 80)))
    assert not FetchRules(["*"], ["https"], [], 1, 1).allow(six_to_four)


def test_networks_are_checked_when_the_server_starts():
    with pytest.raises(OptionError, match="FETCH_NETWORKS"):
        FetchRules([], [], ["10.1.0.0/99"], 1, 1)
