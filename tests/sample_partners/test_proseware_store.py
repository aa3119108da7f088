"""The store over HTTP: a real server in a process of its own, asked like any other."""

import hashlib
import socket
import time
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from urllib.parse import urlsplit

import httpx
import pytest

from sample_partners.proseware.process import StoreProcess
from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.shelf import Shelf, key_id_of
from sample_partners.proseware.tables import table_files

CATALOG = repertoire()
TRACK = 701
BODY = Shelf(CATALOG).file_of(CATALOG.track_by_id[TRACK]).body


class TestLogin:
    @pytest.mark.parametrize(
        ("account", "password"),
        [("demo", "wrong"), ("nobody", "demo"), ("", ""), ("demo", "\\ud800")],
    )
    def test_a_wrong_account_or_password_is_401(self, http, store, account, password):
        body = f'{{"account": "{account}", "password": "{password}"}}'
        answer = http.post(f"{store.url}/login", content=body.encode())

        assert answer.status_code == 401
        assert "error" in answer.json()

    @pytest.mark.parametrize(
        "body", [b"", b"no json", b"[]", b'{"account": 1}', b'{"account": "demo"}', b"\xff\xfe"]
    )
    def test_a_request_of_another_form_is_400(self, http, store, body):
        assert http.post(f"{store.url}/login", content=body).status_code == 400

    def test_an_endless_request_is_413(self, http, store):
        assert http.post(f"{store.url}/login", content=b" " * 70_000).status_code == 413

    def test_json_of_great_depth_is_400(self, http, store):
        assert http.post(f"{store.url}/login", content=b"[" * 60_000).status_code == 400


class TestCatalogue:
    @pytest.mark.requirement("T1-CAT-09", "T1-CAT-17", "T1-CAT-22")
    def test_the_current_one_is_named_with_its_version_in_the_path(self, http, store):
        current = http.get(f"{store.url}/catalog/current").json()

        assert current["version"] == 210
        assert current["url"] == f"{store.url}/Catalogs/210/catalog.wmdb.lz"
        assert datetime.fromisoformat(current["expires"]) > datetime.now(UTC)

    @pytest.mark.parametrize("name", ["catalog.wmdb.lz", "catalog.wmdb"])
    def test_its_package_holds_the_eight_tables(self, http, store, name):
        answer = http.get(f"{store.url}/Catalogs/210/{name}")

        package = zipfile.ZipFile(BytesIO(answer.content))
        assert {n: package.read(n) for n in table_files(CATALOG)} == table_files(CATALOG)

    @pytest.mark.parametrize("path", ["209/catalog.wmdb", "210/catalog.diff", "x/catalog.wmdb"])
    def test_another_version_or_name_is_404(self, http, store, path):
        assert http.get(f"{store.url}/Catalogs/{path}").status_code == 404


class TestLicenses:
    def test_an_owned_track_is_granted_with_licence_and_url(self, demo, store):
        answer = demo.ask(TRACK)[TRACK]

        assert answer["granted"]
        assert answer["content_id"] == TRACK
        assert answer["key_id"] is None
        assert set(answer["rights"]) == {"play", "burn", "sync"}
        assert answer["expires"] is None
        assert answer["url"].startswith(f"{store.url}/media/701.mp3?")

    def test_a_rented_protected_track_has_a_key_and_an_end(self, demo):
        answer = demo.ask(301)[301]

        assert answer["key_id"] == key_id_of(CATALOG.track_by_id[301])
        ends = datetime.fromisoformat(answer["expires"])
        assert timedelta(days=29) < ends - datetime.now(UTC) <= timedelta(days=30)

    @pytest.mark.parametrize(
        ("track", "reason"),
        [
            (802, "not-owned"),
            (601, "album-only"),
            (1002, "not-downloadable"),
            (999_999, "unknown-track"),
        ],
    )
    def test_another_track_is_refused_with_the_reason_and_without_url(self, demo, track, reason):
        assert demo.ask(track)[track] == {"track_id": track, "granted": False, "reason": reason}

    def test_another_account_has_other_tracks(self, customer_of, store):
        answers = customer_of(store, "guest").ask(701, 702)

        assert [answers[701]["granted"], answers[702]["granted"]] == [True, False]

    @pytest.mark.parametrize("header", [None, "Bearer", "Bearer demo.0000", "Basic ZGVtbzpkZW1v"])
    def test_without_a_good_token_it_is_401(self, http, store, header):
        headers = {} if header is None else {"authorization": header}
        answer = http.post(f"{store.url}/licenses", json={"track_ids": [TRACK]}, headers=headers)

        assert answer.status_code == 401

    @pytest.mark.parametrize(
        "ids", [None, "701", [701.0], [True], [-1], [2**32], ["701"], [1] * 501]
    )
    def test_ids_of_another_form_are_400(self, http, store, demo, ids):
        answer = http.post(f"{store.url}/licenses", json={"track_ids": ids}, headers=demo.headers)

        assert answer.status_code == 400


class TestFiles:
    def test_a_whole_file_is_what_the_catalogue_makes_of_it(self, http, demo):
        answer = http.get(demo.url_of(TRACK))

        assert answer.status_code == 200
        assert answer.content == BODY
        assert answer.headers["content-type"] == "audio/mpeg"
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["etag"].startswith('"')
        assert "last-modified" in answer.headers

    @pytest.mark.parametrize(
        ("track", "kind"), [(302, "audio/x-ms-wma"), (501, "video/x-ms-wmv"), (203, "audio/mpeg")]
    )
    def test_the_content_type_fits_the_file(self, http, demo, track, kind):
        assert http.get(demo.url_of(track)).headers["content-type"] == kind

    def test_head_says_the_same_without_a_body(self, http, demo):
        url = demo.url_of(TRACK)
        head, whole = http.head(url), http.get(url)

        assert head.content == b""
        for name in ("content-length", "etag", "last-modified", "content-type"):
            assert head.headers[name] == whole.headers[name]

    def test_head_does_not_look_at_the_range(self, http, demo):
        answer = http.head(demo.url_of(TRACK), headers={"range": "bytes=0-9"})

        assert answer.status_code == 200
        assert answer.headers["content-length"] == str(len(BODY))

    def test_a_range_gives_its_part(self, http, demo):
        answer = http.get(demo.url_of(TRACK), headers={"range": "bytes=100-299"})

        assert answer.status_code == 206
        assert answer.content == BODY[100:300]
        assert answer.headers["content-range"] == f"bytes 100-299/{len(BODY)}"
        assert answer.headers["content-length"] == "200"

    def test_a_file_can_be_put_together_from_two_parts(self, http, demo):
        url = demo.url_of(TRACK)
        first = http.get(url, headers={"range": "bytes=0-999"})
        rest = http.get(url, headers={"range": "bytes=1000-", "if-range": first.headers["etag"]})

        assert rest.status_code == 206
        assert first.content + rest.content == BODY

    def test_a_validator_of_another_file_gives_the_whole(self, http, demo):
        answer = http.get(
            demo.url_of(TRACK), headers={"range": "bytes=1000-", "if-range": '"other"'}
        )

        assert answer.status_code == 200
        assert answer.content == BODY

    def test_a_range_behind_the_end_is_416_with_the_length(self, http, demo):
        answer = http.get(demo.url_of(TRACK), headers={"range": f"bytes={len(BODY)}-"})

        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(BODY)}"
        assert answer.content == b""

    def test_an_unknown_range_unit_is_ignored(self, http, demo):
        answer = http.get(demo.url_of(TRACK), headers={"range": "beats=1-2"})

        assert answer.status_code == 200

    @pytest.mark.parametrize("query", ["", "?expires=9999999999", "?expires=1&signature=00"])
    def test_a_url_that_the_store_did_not_sign_is_403(self, http, store, query):
        assert http.get(f"{store.url}/media/701.mp3{query}").status_code == 403

    def test_a_url_of_one_track_does_not_open_another(self, http, demo):
        url = demo.url_of(TRACK).replace("701.mp3", "702.mp3")

        assert http.get(url).status_code == 403

    @pytest.mark.parametrize(
        "name", ["701.wma", "701", "0701.mp3", "999999.mp3", "x.mp3", "..%2f..%2fetc%2fpasswd"]
    )
    def test_a_file_that_is_not_sold_is_404(self, http, store, name):
        assert http.get(f"{store.url}/media/{name}").status_code == 404

    def test_an_expired_url_is_410(self, http, customer_of):
        with StoreProcess(url_lifetime_s=0) as store:
            answer = http.get(customer_of(store, "demo").url_of(TRACK))

        assert answer.status_code == 410

    def test_art_is_a_picture(self, http, store):
        assert http.get(f"{store.url}/art/album/7.png").content.startswith(b"\x89PNG")

    def test_a_help_page_shows_its_topic_as_text(self, http, store):
        page = http.get(f"{store.url}/help/%3Cscript%3E").text

        assert "&lt;script&gt;" in page
        assert "<script>" not in page


class TestFaults:
    @pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
    def test_a_status_is_answered_instead_of_the_file(self, http, store, demo, status):
        store.set_fault(str(status))

        assert http.get(demo.url_of(TRACK)).status_code == status

    def test_a_status_may_say_when_to_come_again(self, http, store, demo):
        store.set_fault("503", value=4)

        assert http.get(demo.url_of(TRACK)).headers["retry-after"] == "4"

    @pytest.mark.parametrize(
        ("kind", "begins", "content_type"),
        [
            ("html", b"<!doctype html>", "text/html; charset=utf-8"),
            ("json", b'{"error"', "application/json"),
            ("wrong-media", b"\x89PNG", "audio/mpeg"),
        ],
    )
    def test_something_else_comes_with_status_200(
        self, http, store, demo, kind, begins, content_type
    ):
        store.set_fault(kind)
        answer = http.get(demo.url_of(TRACK))

        assert answer.status_code == 200
        assert answer.content.startswith(begins)
        assert answer.headers["content-type"] == content_type

    def test_empty_is_status_200_without_a_byte(self, http, store, demo):
        store.set_fault("empty")
        answer = http.get(demo.url_of(TRACK))

        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == "0"

    def test_short_announces_more_than_it_sends(self, store, demo):
        store.set_fault("short", value=10)
        headers, body = raw_get(demo.url_of(TRACK))

        assert f"content-length: {len(BODY)}" in headers
        assert body == BODY[:-10]

    def test_a_client_that_counts_notices_a_short_body(self, http, store, demo):
        store.set_fault("short")

        with pytest.raises(httpx.RemoteProtocolError):
            http.get(demo.url_of(TRACK))

    def test_long_sends_more_than_it_announces(self, store, demo):
        store.set_fault("long", value=7)
        headers, body = raw_get(demo.url_of(TRACK))

        assert f"content-length: {len(BODY)}" in headers
        assert body == BODY + b"\0" * 7

    def test_a_connection_dropped_once_lets_the_rest_be_fetched(self, store, demo, http):
        store.set_fault("drop-after", value=1_000, track_id=TRACK, times=1)
        url = demo.url_of(TRACK)
        _, beginning = raw_get(url)

        rest = http.get(url, headers={"range": f"bytes={len(beginning)}-"})

        assert len(beginning) == 1_000
        assert rest.status_code == 206
        assert beginning + rest.content == BODY

    def test_slow_brings_the_whole_file_in_many_pieces(self, store, demo, http):
        store.set_fault("slow", value=100_000)
        with http.stream("GET", demo.url_of(TRACK)) as answer:
            pieces = list(answer.iter_raw())

        assert b"".join(pieces) == BODY
        assert len(pieces) > 1

    def test_a_range_of_a_slow_file_is_slow_and_right(self, store, demo, http):
        store.set_fault("slow", value=100_000)
        answer = http.get(demo.url_of(TRACK), headers={"range": "bytes=-500"})

        assert (answer.status_code, answer.content) == (206, BODY[-500:])

    def test_a_fault_of_one_track_spares_the_others(self, http, store, demo):
        store.set_fault("404", track_id=702)

        assert http.get(demo.url_of(701)).status_code == 200
        assert http.get(demo.url_of(702)).status_code == 404

    def test_a_fault_ends_after_its_times(self, http, store, demo):
        store.set_fault("500", times=2)
        url = demo.url_of(TRACK)

        assert [http.get(url).status_code for _ in range(3)] == [500, 500, 200]

    def test_cleared_faults_are_gone(self, http, store, demo):
        store.set_fault("500")
        store.clear_faults()

        assert http.get(demo.url_of(TRACK)).status_code == 200

    def test_a_fault_can_be_an_option_of_the_start(self, http, customer_of):
        with StoreProcess(options=("--fault", "701:404", "--fault", "html")) as store:
            demo = customer_of(store, "demo")
            assert http.get(demo.url_of(701)).status_code == 404
            assert http.get(demo.url_of(702)).content.startswith(b"<!doctype")

    def test_a_fault_that_does_not_exist_is_refused(self, http, store):
        with pytest.raises(OSError, match="400"):
            store.set_fault("nonsense")

    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_the_switch_is_not_found_without_the_key(self, http, store, method):
        answer = http.request(method, f"{store.url}/admin/guess/faults", json={"fault": "404"})

        assert answer.status_code == 404


class TestAccessLog:
    def test_every_answer_is_a_line_with_its_range_and_bytes(self, http, store, demo):
        url = demo.url_of(703)
        whole = len(http.get(url).content)
        http.get(url, headers={"range": "bytes=0-9"})
        http.head(url)
        store.set_fault("drop-after", value=20)
        raw_get(url)

        lines = wait_for_lines(store, 703, 4)

        assert [(line["method"], line["range"], line["bytes"]) for line in lines] == [
            ("GET", None, whole),
            ("GET", "bytes=0-9", 10),
            ("HEAD", None, 0),
            ("GET", None, 20),
        ]
        assert [line["status"] for line in lines] == [200, 206, 200, 200]

    def test_no_line_holds_a_signature(self, http, store, demo):
        http.get(demo.url_of(704))
        wait_for_lines(store, 704, 1)

        assert "signature" not in store.access_log.read_text()


def test_all_files_served_are_those_of_the_catalogue(http, demo):
    shelf = Shelf(CATALOG)
    for track_id in (101, 203, 301, 408, 501, 914):
        expected = shelf.file_of(CATALOG.track_by_id[track_id]).body
        served = demo.file_of(track_id)
        assert hashlib.sha256(served).digest() == hashlib.sha256(expected).digest()


def raw_get(url: str) -> tuple[list[str], bytes]:
    """Return header lines and every byte that follows, whatever the headers announce."""
    target = urlsplit(url)
    with socket.create_connection((target.hostname, target.port), timeout=30) as connection:
        request = f"GET {target.path}?{target.query} HTTP/1.1\r\nHost: {target.netloc}\r\n\r\n"
        connection.sendall(request.encode())
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), body


def wait_for_lines(store: StoreProcess, track_id: int, count: int) -> list[dict]:
    """Return the lines of a track; the store writes one just after the answer has gone."""
    deadline = time.monotonic() + 30
    while True:
        lines = [line for line in store.served() if line["track_id"] == track_id]
        if len(lines) >= count or time.monotonic() > deadline:
            return lines
        time.sleep(0.01)
