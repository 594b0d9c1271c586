"""The model fails: another endpoint, the embedded analysis, and back; one bad post among good."""

import time

from fleet import wait_until

QUICK = {"TP_BREAKER_OPEN_MS": "1500", "TP_HEAL_MS": "500", "TP_BREAKER_CALLS": "8"}
OK, BAD_REQUEST = 1, 12


def fail(*endpoints):
    return [{"when": {"endpoint": name},
             "then": {"status": 503, "body": {"error": {"message": "down for repairs"}}}}
            for name in endpoints]


def calls_to(world, endpoint):
    return world.fleet.llm.stats()["endpoints"].get(endpoint, {}).get("requests", 0)


def test_a_failing_endpoint_gives_way_then_the_embedded_analysis_then_all_is_healed(new_world):
    world = new_world(settings=QUICK, endpoints=[{"name": "first"}, {"name": "second"}])
    world.script(*fail("first"))
    by_second = world.submit("alice", 30, chunk_size=3)
    assert world.api.wait(by_second)["state"] == "completed"
    assert world.api.provenances(by_second) == {"llm"}
    assert calls_to(world, "second") > 0

    world.script(*fail("first", "second"))
    jobs = [world.submit(f"user-{n}", 20, chunk_size=2) for n in range(6)]
    for job in jobs:
        assert world.api.wait(job)["state"] == "completed"
    degraded = [job for job in jobs if "embedded" in world.api.provenances(job)]
    assert degraded, "nothing was done by the embedded analysis"

    before = {job: world.api.job(job) for job in degraded}
    world.script()
    for job in degraded:
        wait_until(lambda job=job: world.api.provenances(job) == {"llm"}, 90, "all is healed")
        after = world.api.job(job)
        for member in ("state", "processed_posts", "failed_posts", "total_posts"):
            assert after[member] == before[job][member], member
        kinds = [row[0] for row in world.fleet.database.query(
            "select kind from job_events where job_id = %s order by event_number", (job,))]
        assert "revised" in kinds and kinds.index("completed") < kinds.index("revised"), kinds
    world.settle()


def test_a_breaker_that_is_open_is_left_alone_but_for_one_probe(new_world):
    world = new_world(settings={**QUICK, "TP_BREAKER_OPEN_MS": "4000"}, endpoints=[{"name": "only"}])
    world.script(*fail("only"))
    began = time.monotonic()
    jobs = [world.submit(f"user-{n}", 10, chunk_size=1) for n in range(10)]
    for job in jobs:
        assert world.api.wait(job)["state"] == "completed"
    failed = calls_to(world, "only")
    probes = (time.monotonic() - began) // 4
    assert 0 < failed <= 18 + probes, "100 chunks were not sent to an endpoint that is down"
    world.script()
    for job in jobs:
        wait_until(lambda job=job: world.api.provenances(job) == {"llm"}, 90, "all is healed")
    leader = world.fleet.services["scheduler"]
    assert leader.logged("endpoint.left_alone")[0]["endpoint"] == "only"
    wait_until(lambda: leader.logged("endpoint.works"), 60,
               "whoever was paged reads that it is over")
    world.settle()


def test_one_bad_post_is_isolated_and_the_other_99_succeed(new_world):
    world = new_world()
    world.script({"when": {"text": "POISON"},
                  "then": {"status": 400, "body": {"error": {"message": "cannot read this"}}}})
    posts = [{"id": f"p{i}", "text": f"number {i} is fine"} for i in range(100)]
    posts[63]["text"] = "POISON in the middle"
    job = world.submit("alice", posts=posts)
    assert world.api.wait(job, 120)["state"] == "completed"
    found = {result["post_id"]: result["provenance"] for result in world.api.results(job)}
    assert found.pop("p63") == "embedded"
    assert len(found) == 99 and set(found.values()) == {"llm"}
    classes = [row[0] for row in world.fleet.database.query(
        "select outcome_class from llm_calls where job_id = %s and was_called", (job,))]
    assert classes.count(BAD_REQUEST) <= 10 and classes.count(OK) <= 7, classes
    world.settle()
