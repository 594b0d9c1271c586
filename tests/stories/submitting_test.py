"""What is taken, what is refused, and how it is said."""

import concurrent.futures
import json
import uuid

import pytest
import requests

from api import Api, Refused

POSTS = [{"id": "a", "text": "a fine day"}, {"id": "b", "text": "a bad day"}]


def test_fifty_repeats_at_once_are_one_job(world):
    key = str(uuid.uuid4())
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: world.api.submit("twin", POSTS, key=key), range(50)))
    ids = {answer["id"] for answer in answers}
    assert len(ids) == 1
    world.ledger.write(ids.pop(), "twin", POSTS)
    world.settle()
    rows = world.fleet.database.query("select count(*) from analysis_jobs where user_id = 'twin'")
    assert rows == [(1,)]


def test_a_key_used_for_another_body_is_refused(world):
    key = str(uuid.uuid4())
    job = world.submit("keyed", posts=POSTS, key=key)
    with pytest.raises(Refused) as refused:
        world.api.submit("keyed", POSTS[:1], key=key)
    assert refused.value.status == 422
    assert world.api.submit("keyed", POSTS, key=key)["id"] == job
    world.settle()


BAD_DOCUMENTS = {
    "no JSON": "{\"user\": \"u\", \"posts\": [",
    "not an object": "[1, 2]",
    "no posts": "{\"user\": \"u\"}",
    "empty posts": "{\"user\": \"u\", \"posts\": []}",
    "posts no list": "{\"user\": \"u\", \"posts\": 7}",
    "text no string": "{\"user\": \"u\", \"posts\": [{\"id\": \"a\", \"text\": 7}]}",
    "empty text": "{\"user\": \"u\", \"posts\": [{\"id\": \"a\", \"text\": \"\"}]}",
    "NUL in text": "{\"user\": \"u\", \"posts\": [{\"id\": \"a\", \"text\": \"x\\u0000y\"}]}",
    "lone surrogate": "{\"user\": \"u\", \"posts\": [{\"id\": \"a\", \"text\": \"\\ud800\"}]}",
    "same key twice": "{\"user\": \"u\", \"user\": \"v\", \"posts\": [{\"id\": \"a\", \"text\": \"x\"}]}",
    "same id twice": "{\"posts\": [{\"id\": \"a\", \"text\": \"x\"}, {\"id\": \"a\", \"text\": \"y\"}]}",
    "unknown class": "{\"class\": \"golden\", \"posts\": [{\"id\": \"a\", \"text\": \"x\"}]}",
    "unknown task": "{\"tasks\": [\"fly\"], \"posts\": [{\"id\": \"a\", \"text\": \"x\"}]}",
    "user no string": "{\"user\": 7, \"posts\": [{\"id\": \"a\", \"text\": \"x\"}]}",
    "text too long": json.dumps({"posts": [{"id": "a", "text": "x" * 40000}]}),
    "too many posts": json.dumps({"posts": [{"id": str(i), "text": "x"} for i in range(10001)]}),
    "too deep": "{\"posts\": " + "[" * 200 + "]" * 200 + "}",
}


@pytest.mark.parametrize("what", BAD_DOCUMENTS)
def test_a_bad_document_is_refused_with_a_problem(world, what):
    answer = world.api.send("POST", "/v1/jobs", data=BAD_DOCUMENTS[what].encode(),
                            headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413, 422), answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["code"] and problem["detail"]
    world.settle()


def test_bytes_that_are_no_utf8_are_refused(world):
    answer = world.api.send("POST", "/v1/jobs", headers={"Content-Type": "application/json"},
                            data=b'{"posts": [{"id": "a", "text": "caf\xe9"}]}')
    assert answer.status_code == 400
    world.settle()


LINES = b'{"id": "a", "text": "good"}\n{"id": "b", "text": \n{"id": "c", "text": "fine"}\n'


def send_lines(world, on_bad):
    return world.api.send("POST", f"/v1/jobs?user=liner&on_bad={on_bad}", data=LINES,
                          headers={"Content-Type": "application/x-ndjson"})


def test_a_bad_line_is_named(world):
    answer = send_lines(world, "reject")
    assert answer.status_code in (400, 422)
    assert any(error.get("line") == 2 for error in answer.json()["errors"]), answer.text
    world.settle()


def test_a_bad_line_may_be_skipped_and_is_listed(world):
    answer = send_lines(world, "skip")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    world.ledger.write(job["id"], "liner", [{"id": "a", "text": "good"},
                                            {"id": "c", "text": "fine"}])
    world.settle()
    after = world.api.job(job["id"])
    assert after["total_posts"] == 2
    assert [row["line"] for row in after["rejected"]] == [2]


def test_csv_is_taken(world):
    answer = world.api.send("POST", "/v1/jobs?user=csv", headers={"Content-Type": "text/csv"},
                            data="id,text\nx,\"one, two\"\ny,drei ☃\n".encode())
    assert answer.status_code == 202, answer.text
    world.ledger.write(answer.json()["id"], "csv", [{"id": "x", "text": "one, two"},
                                                    {"id": "y", "text": "drei ☃"}])
    world.settle()


def test_a_body_of_another_type_is_refused(world):
    answer = world.api.send("POST", "/v1/jobs", data=b"<posts/>",
                            headers={"Content-Type": "application/xml"})
    assert answer.status_code == 415
    world.settle()


def test_a_body_that_is_too_large_is_refused_before_it_is_read(world):
    answer = world.api.send("POST", "/v1/jobs", data=b"x" * (40 << 20),
                            headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    world.settle()


def test_without_a_key_or_with_a_wrong_one_nothing_is_told(world):
    job = world.submit("secret", 1)
    for headers in ({}, {"Authorization": "Bearer tp_wrong"}, {"X-API-Key": "tp_wrong"}):
        for method, path in (("GET", f"/v1/jobs/{job}"), ("POST", "/v1/jobs"), ("GET", "/v1/jobs")):
            answer = world.api.send(method, path, headers={"Authorization": None, **headers})
            assert answer.status_code == 401, (method, path, answer.text)
    world.settle()


def test_another_tenants_job_is_not_found(world):
    job = world.submit("mine", 2)
    stranger = Api(world.fleet.url, world.fleet.create_key("stranger"))
    for path in ("", "/results", "/events"):
        with pytest.raises(Refused) as refused:
            stranger.get(f"/v1/jobs/{job}{path}")
        assert refused.value.status == 404
    with pytest.raises(Refused) as refused:
        stranger.cancel(job)
    assert refused.value.status == 404
    assert stranger.get("/v1/jobs").json()["jobs"] == []
    world.settle()


def test_the_description_of_the_api_is_served(world):
    document = requests.get(world.fleet.url + "/openapi.json", timeout=60).json()
    assert document["openapi"].startswith("3.1")
    assert "/v1/jobs" in document["paths"]
    world.settle()
