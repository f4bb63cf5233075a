"""The web application's guards: host, token, origin, content type, size; errors word for word."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")
from review_samples import write_results
from starlette.testclient import TestClient

from jianghua.codebook import load_codebook
from jianghua.inference.results import read_results
from jianghua.inference.review.app import DOMAIN_KEYS, LARGEST_BODY, TASK_KEYS, make_app
from jianghua.inference.review.queue import make_queue
from jianghua.inference.review.session import Session
from jianghua.schema import InputError

CODEBOOK = load_codebook()
ORIGIN = "http://127.0.0.1:8000"
SAID: dict[str, Any] = {"task_type": "review", "policy_domain": [], "gist": "", "uncertain": False, "items": []}
TOKEN = "a-token"


@pytest.fixture
def work(tmp_path: Path) -> Session:
    results = read_results(write_results(tmp_path / "out.jsonl"), CODEBOOK)
    return Session(make_queue(results, None), CODEBOOK, tmp_path / "out.review", "lin")


@pytest.fixture
def client(work: Session) -> TestClient:
    return TestClient(make_app(work, TOKEN), base_url=ORIGIN)


def enter(client: TestClient) -> TestClient:
    assert client.get("/", params={"token": TOKEN}).status_code == 200
    return client


def test_the_token_opens_the_page_and_leaves_the_address(client: TestClient) -> None:
    answer = client.get("/", params={"token": TOKEN}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "jianghua-review-8000=" in cookie
    assert TOKEN not in client.get("/").text


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=b-token", "/api/task/0", "/api/task/0?token=a-token",
                                  "/api/agreement", "/nothing"])  # fmt: skip
def test_nothing_is_served_without_the_token(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 403 and "渡口" not in answer.text
    assert answer.json() == {
        "error": "expected the address that jianghua review printed, found another token; open that one"
    }


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8000"])
def test_another_host_name_is_refused(client: TestClient, host: str) -> None:
    assert enter(client).get("/api/task/0", headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:9", "https://127.0.0.1:8000"]
)
def test_only_this_origin_saves(client: TestClient, work: Session, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    answer = enter(client).post("/api/task/0", json=SAID, headers=headers)
    assert answer.status_code == 403 and work.done == 0
    assert answer.json()["error"] == "expected a request of this page, found another origin; open the page itself"


def test_a_decision_is_saved_and_the_next_place_told(client: TestClient, work: Session) -> None:
    answer = enter(client).post("/api/task/0", json=SAID, headers={"origin": ORIGIN})
    assert answer.json() == {"next": 1, "done": 1} and work.done == 1
    assert client.get("/api/task/0").json()["decision"]["task_type"] == "review"
    assert client.get("/api/agreement").json()[0]["coders"] == ["lin", "model"]


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"x" * (LARGEST_BODY + 1), "application/json", f"expected at most {LARGEST_BODY} bytes, found more; shorten"),
        (b"{", "application/json", "expected JSON, found Expecting property name"),
        (b"[" * 60_000, "application/json", "expected JSON, found "),
        (b"[]", "application/json", "expected a JSON object, found list; reload the page"),
        (b"{}", "text/plain", "expected JSON, found 'text/plain'; reload the page"),
        (json.dumps(SAID | {"task_type": "plan"}).encode(), "application/json", "expected task_type codes of codebook"),
    ],
)
def test_bad_bodies_are_explained(client: TestClient, work: Session, content: bytes, kind: str, message: str) -> None:
    headers = {"origin": ORIGIN, "content-type": kind}
    answer = enter(client).post("/api/task/0", content=content, headers=headers)
    assert answer.status_code == 400 and answer.json()["error"].startswith(message) and work.done == 0


def test_a_place_that_does_not_exist_and_a_full_disk(
    client: TestClient, work: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = enter(client).get("/api/task/6")
    assert (answer.status_code, answer.json()["error"]) == (
        400, "expected a place from 0 to 5, found 6; reload the page",
    )  # fmt: skip

    def full(place: int, said: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(work, "save", full)
    answer = client.post("/api/task/0", json=SAID, headers={"origin": ORIGIN})
    assert answer.status_code == 507
    assert answer.json()["error"] == (
        "expected room on the disk, found No space left on device; make room and confirm again"
    )


def test_every_answer_carries_the_policy(client: TestClient) -> None:
    enter(client)
    for answer in (client.get("/"), client.get("/api/task/0"), client.get("/api/task/99"), client.get("/nothing")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
        assert answer.headers["x-frame-options"] == "DENY" and answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_keys_reach_every_label_and_collide_nowhere() -> None:
    assert len(TASK_KEYS) >= len(CODEBOOK.task_type.labels) and len(DOMAIN_KEYS) >= len(CODEBOOK.policy_domain.labels)
    taken = TASK_KEYS + DOMAIN_KEYS + "znxc"
    assert len(set(taken)) == len(taken)


def test_another_language_is_an_error(work: Session) -> None:
    with pytest.raises(InputError, match="expected a language among zh, en, found 'de'; choose one"):
        make_app(work, TOKEN, "de")
    assert "Task type" in enter(TestClient(make_app(work, TOKEN, "en"), base_url=ORIGIN)).get("/").text
