"""The main way: many users, each served in turn; and cancelling."""

import collections

from fleet import wait_until


def test_a_hundred_users_all_get_their_results(world):
    requests = [(f"user-{i}", 10 + i % 30, {"chunk_size": 10}) for i in range(100)]
    world.submit_all(requests)
    world.settle()
    stats = world.fleet.llm.stats()
    assert len(stats["users"]) == 100
    chunks = sum(-(-count // 10) for _, count, _ in requests)
    assert stats["requests"] == chunks, "every chunk is paid for once"


def test_a_job_larger_than_one_message_is_taken_whole(world):
    posts = [{"id": f"p{i}", "text": f"{i}: {'all is well here ' * 20}"} for i in range(5000)]
    job = world.submit("big", posts=posts)
    world.settle()
    results = world.api.results(job)
    assert [result["post_id"] for result in results] == [post["id"] for post in posts]


def test_a_user_who_floods_does_not_delay_the_others(world):
    world.script(delay_ms=60)
    flood = world.submit("flood", 200, chunk_size=1)
    world.wait_processing(flood)
    others = world.submit_all([(f"quiet-{i}", 1, {}) for i in range(9)])
    for job in others:
        assert world.api.wait(job)["state"] == "completed"
    before = world.fleet.database.query(
        "select count(*) from llm_calls where job_id = %s and settled_at < "
        "(select max(completed_at) from analysis_jobs where user_id like 'quiet-%%')", (flood,))
    assert before[0][0] < 100, "the last of the others was done before half of the flood"
    world.api.cancel(flood)
    world.settle()


def test_a_users_jobs_are_listed_newest_first_and_by_state(world):
    ids = [world.submit("lister", 2) for _ in range(3)]
    world.submit("another", 2)
    world.settle()
    listed = world.api.get("/v1/jobs?user=lister&status=completed&limit=2").json()
    assert [job["id"] for job in listed["jobs"]] == [ids[2], ids[1]]
    rest = world.api.get(f"/v1/jobs?user=lister&limit=2&cursor={listed['next_cursor']}").json()
    assert [job["id"] for job in rest["jobs"]] == [ids[0]]
    assert world.api.get("/v1/jobs?user=lister&status=cancelled").json()["jobs"] == []


def test_results_come_as_json_lines_and_csv_in_the_order_of_the_posts(world):
    posts = [{"id": f"n{i}", "text": f"=1+{i}, \"quoted\", a\nline"} for i in range(25)]
    job = world.submit("formats", posts=posts, chunk_size=10)
    world.settle()
    path = f"/v1/jobs/{job}/results"
    lines = world.api.get(path, Accept="application/x-ndjson").content.splitlines()
    assert len(lines) == 25
    table = world.api.get(path, Accept="text/csv").content.decode()
    assert table.startswith("seq,post_id,text,sentiment")
    assert "\"'=1+7, \"\"quoted\"\", a\nline\"" in table
    order = [result["post_id"] for result in world.api.results(job)]
    assert order == [post["id"] for post in posts]


def test_a_users_second_job_tells_that_its_own_chunk_runs(world):
    world.hold("slow")
    first = world.submit("asker", posts=[{"id": "s", "text": "slow, of the asker"}])
    world.wait_waiting(first, "runs")
    second = world.submit("asker", 3)

    def told():
        document = world.api.job(second)
        return document if document.get("waiting", {}).get("reason") == "own_chunk_runs" else None
    document = wait_until(told, 20, "the second tells why")
    assert document["position"] == 0
    assert document["waiting"]["detail"] == "your own chunk runs"
    world.script()
    world.settle()
    over = world.api.job(second)
    assert "waiting" not in over and "position" not in over


def test_the_eleventh_user_tells_that_ten_are_being_served(world):
    world.hold("served-")
    world.submit_all([(f"served-{i}", 1, {}) for i in range(10)])
    world.wait_in_flight(10, seconds=20)
    eleventh = world.submit("eleventh", 1)
    told = world.wait_waiting(eleventh, "all_users_served", seconds=20)
    assert told["detail"] == "10 of 10 calls are running"
    world.script()
    world.settle()


def test_without_a_leader_a_job_is_shown_without_its_reason(world):
    world.hold("slow")
    job = world.submit("leaderless", posts=[{"id": "s", "text": "slow, of the leaderless"}])
    world.wait_waiting(job, "runs")
    scheduler = world.fleet.services["scheduler"]
    scheduler.freeze()
    try:
        shown = world.api.job(job)
    finally:
        scheduler.thaw()
    assert shown["id"] == job and "waiting" not in shown and "position" not in shown
    world.script()
    world.settle()


def test_a_cancelled_call_is_stopped_and_its_user_is_served_again(world):
    world.hold("slow")
    slow = world.submit("canceller", posts=[{"id": "s", "text": "slow, of the canceller"}])
    world.wait_in_flight(1)
    assert world.api.cancel(slow)["state"] == "cancelled"
    world.wait_in_flight(0, seconds=20)  # by no answer and no time-out: those come later
    assert world.fleet.llm.stats()["dropped"] == 1
    quick = world.submit("canceller", 3)
    assert world.api.wait(quick)["state"] == "completed"
    assert world.api.job(slow)["state"] == "cancelled"
    world.settle()


def test_a_job_cancelled_while_queued_is_never_sent(world):
    world.hold("slow")
    first = world.submit("waiter", posts=[{"id": "s", "text": "slow, of the waiter"}])
    world.wait_in_flight(1)
    queued = world.submit("waiter", 5)
    assert world.api.cancel(queued)["state"] == "cancelled"
    assert world.api.cancel(queued)["state"] == "cancelled", "cancelling twice is no fault"
    world.script()
    assert world.api.wait(first)["state"] == "completed"
    world.settle()
    assert world.fleet.llm.stats()["posts"] == 1


def test_cancelling_what_is_over_changes_nothing(world):
    job = world.submit("late", 2)
    world.api.wait(job)
    assert world.api.cancel(job)["state"] == "completed"
    world.settle()


def test_premium_jobs_go_ahead_of_standard_ones_without_starving_them(world):
    world.script(delay_ms=40)
    requests = [(f"std-{i}", 8, {"chunk_size": 1, "class": "standard"}) for i in range(20)]
    requests += [(f"pre-{i}", 8, {"chunk_size": 1, "class": "premium"}) for i in range(20)]
    control = "/v1/admin/controls/system"
    world.api.send("PUT", control, json={"state": "held"})
    world.submit_waiting("scout", "held")
    world.submit_all(requests)
    world.api.send("DELETE", control)
    world.settle()
    rows = world.fleet.database.query(
        "select user_id, extract(epoch from completed_at) from analysis_jobs "
        "where user_id like 'std-%' or user_id like 'pre-%'")
    ends = collections.defaultdict(list)
    for user, end in rows:
        ends[user[:3]].append(float(end))
    mean = {kind: sum(times) / len(times) for kind, times in ends.items()}
    assert mean["pre"] < mean["std"]
