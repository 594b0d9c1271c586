"""The command tweetpulse, as it is typed."""

import csv
import io
import json
import signal
import subprocess

import pytest

from conftest import ROOT
from fleet import wait_until


@pytest.fixture
def tweetpulse(world, binaries, tmp_path):
    """Runs the command against the world; stdin, url and key may be given."""
    def run(*arguments, stdin=None, url=None, key=None, wait=True):
        environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
                       "TWEETPULSE_URL": url or world.fleet.url,
                       "TWEETPULSE_API_KEY": key or world.fleet.api_key}
        child = subprocess.Popen([binaries / "tweetpulse", *map(str, arguments)], env=environment,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        if not wait:
            return child
        child.out, child.err = child.communicate(stdin, timeout=240)
        return child
    return run


def write_ledger(world, job, posts):
    world.ledger.write(job, world.api.job(job)["user"], posts)


def test_a_file_is_submitted_followed_and_its_results_come_in_three_formats(world, tweetpulse):
    posts = [json.loads(line) for line in
             (ROOT / "samples/posts.jsonl").read_text(encoding="utf-8").splitlines()]
    done = tweetpulse("submit", ROOT / "samples/posts.jsonl", "--wait", "--user", "typist")
    assert done.returncode == 0, done.err
    job = done.out.strip()
    assert "300 posts" in done.err and "completed" in done.err
    write_ledger(world, job, posts)

    lines = tweetpulse("results", job).out.splitlines()
    assert [json.loads(line)["post_id"] for line in lines] == [post["id"] for post in posts]
    document = json.loads(tweetpulse("results", job, "--format", "json").out)
    assert len(document) == 300 and document[0] == json.loads(lines[0])
    rows = list(csv.DictReader(io.StringIO(tweetpulse("results", job, "--format", "csv").out)))
    assert len(rows) == 300
    assert rows[4]["sentiment"] == document[4]["sentiment"]["label"]
    world.settle()


@pytest.mark.parametrize("name, count", [("posts.csv", 12), ("posts.txt", 10)])
def test_other_formats_are_told_apart(world, tweetpulse, name, count):
    done = tweetpulse("submit", "--wait", "--json", ROOT / "samples" / name)
    assert done.returncode == 0, done.err
    job = json.loads(done.out)
    assert job["state"] == "completed" and job["processed_posts"] == count
    world.settle()


def test_posts_may_come_from_a_pipe_and_bad_rows_are_named(world, tweetpulse):
    done = tweetpulse("submit", "-", "--wait", stdin='{"id":"1","text":"ok"}\n{"id":"2"}\n')
    assert done.returncode == 0, done.err
    assert "line 2 is no post" in done.err
    write_ledger(world, done.out.strip(), [{"id": "1", "text": "ok"}])
    refused = tweetpulse("submit", "-", "--on-bad", "reject", stdin='{"id":"2"}\n')
    assert refused.returncode == 2
    world.settle()


def test_a_file_of_more_than_ten_thousand_posts_becomes_several_jobs(world, tweetpulse, tmp_path):
    big = tmp_path / "big.txt"
    big.write_text("".join(f"number {i} is a fine number\n" for i in range(10500)),
                   encoding="utf-8")
    done = tweetpulse("submit", big, "--wait", "--user", "hoarder")
    assert done.returncode == 0, done.err
    ids = done.out.split()
    assert [world.api.job(job)["processed_posts"] for job in ids] == [10000, 500]
    world.settle()


def test_a_dry_run_sends_nothing(world, tweetpulse):
    done = tweetpulse("submit", "--dry-run", "--user", "dry", ROOT / "samples/posts.csv")
    assert done.returncode == 0 and done.out == ""
    assert "CSV with semicolons, 12 posts" in done.err and "The ferry was on time" in done.err
    assert world.api.get("/v1/jobs?user=dry").json()["jobs"] == []
    world.settle()


def test_a_csv_without_a_known_column_is_not_taken_for_plain_text(world, tweetpulse, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    done = tweetpulse("submit", "--dry-run", table)
    assert done.returncode == 2 and "--text-column" in done.err
    assert "CSV, 1 posts" in tweetpulse("submit", "--dry-run", "--text-column=b", table).err
    world.settle()


def test_exit_codes_tell_what_went_wrong(world, tweetpulse):
    assert tweetpulse().returncode == 2
    assert tweetpulse("fly").returncode == 2
    assert tweetpulse("submit").returncode == 2
    assert tweetpulse("submit", "/no/such/file").returncode == 2
    assert tweetpulse("jobs", key="tp_wrong").returncode == 3
    assert tweetpulse("status", "01890000-0000-7000-8000-000000000000").returncode == 4
    assert tweetpulse("--help").returncode == 0
    world.settle()


def test_jobs_are_listed_shown_and_cancelled(world, tweetpulse):
    world.hold("slow")
    job = world.submit("listed", posts=[{"id": "s", "text": "a slow one, to be listed"}])
    assert job in tweetpulse("jobs", "--user", "listed").out
    assert json.loads(tweetpulse("status", job, "--json").out)["id"] == job
    world.wait_in_flight(1)
    wait_until(lambda: "it is being analysed" in tweetpulse("status", job).out, 60,
               "it tells that it is being analysed")
    assert "cancelled" in tweetpulse("cancel", job).out
    assert tweetpulse("watch", job).returncode == 1
    world.settle()


def submit_slow_post(world, tweetpulse, user):
    """A command that waits for its job, whose one call is under way; and the job."""
    child = tweetpulse("submit", "-", "--wait", "--user", user, wait=False)
    child.stdin.write(f"a slow one, {user}\n")
    child.stdin.close()
    child.stdin = None
    job = child.stdout.readline().strip()
    world.wait_in_flight(1)
    return child, job


def test_ctrl_c_detaches_and_says_how_to_resume(world, tweetpulse):
    world.hold("slow")
    child, job = submit_slow_post(world, tweetpulse, "detached")
    child.send_signal(signal.SIGINT)
    _, talk = child.communicate(timeout=120)
    assert child.returncode == 130
    world.script()
    assert f"tweetpulse watch {job}" in talk
    assert world.api.wait(job)["state"] == "completed", "the job went on"
    write_ledger(world, job, [{"id": "1", "text": "a slow one, detached"}])
    world.settle()


def test_ctrl_c_twice_cancels(world, tweetpulse):
    world.hold("slow")
    child, job = submit_slow_post(world, tweetpulse, "twice")
    child.send_signal(signal.SIGINT)
    for line in child.stderr:
        if "detached" in line:
            break
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=120)
    assert child.returncode == 130
    assert world.api.job(job)["state"] == "cancelled"
    write_ledger(world, job, [{"id": "1", "text": "a slow one, twice"}])
    world.settle()


def test_a_gateway_that_comes_back_is_waited_for(world, tweetpulse):
    world.hold("post 700 of")
    child = tweetpulse("submit", "-", "--wait", "--user", "stubborn", wait=False)
    child.stdin.write("".join(f"post {i} of many, quite good\n" for i in range(1000)))
    child.stdin.close()
    child.stdin = None
    job = child.stdout.readline().strip()
    world.wait_processing(job)
    world.fleet.services["gateway"].restart()
    world.script()
    out, talk = child.communicate(timeout=240)
    assert child.returncode == 0, out + talk
    assert world.api.job(job)["processed_posts"] == 1000
    world.settle()


def test_completion_scripts_are_understood_by_bash(tweetpulse, world):
    script = tweetpulse("completion", "bash").out
    checked = subprocess.run(["bash", "-c", script + "\nCOMP_WORDS=(tweetpulse su) COMP_CWORD=1\n"
                              "_tweetpulse; echo ${COMPREPLY[*]}"],
                             capture_output=True, text=True, check=True)
    assert checked.stdout.strip() == "submit"
    assert "complete -c tweetpulse" in tweetpulse("completion", "fish").out
    world.settle()
