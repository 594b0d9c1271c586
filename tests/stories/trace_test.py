"""What the scheduler did is recorded, and this build decides the same again."""

import json
import re
import subprocess

from conftest import SHORT_LEASES
from controls_test import BASE, LIMITS, put
from fleet import wait_until


def stored(world):
    """Steps that the broker has taken, of all schedulers that run."""
    pattern = r'tweetpulse_scheduler_trace_steps_total\{fate="stored"\} (\d+)'
    return sum(int(count) for name, service in world.fleet.services.items()
               if name.startswith("scheduler") and service.is_alive()
               for count in re.findall(pattern, service.ops("/metrics")[1]))


def wait_stored(world):
    """Until what has been recorded so far is in the stream: it goes there batch by batch."""
    for _ in range(2):
        before = stored(world)
        wait_until(lambda before=before: stored(world) > before, 60, "a batch is stored")


def export(world, binaries, path):
    with open(path, "wb") as out:
        done = subprocess.run([binaries / "trace_export"], stdout=out, stderr=subprocess.PIPE,
                              env=world.fleet.environment("trace_export"), timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def tweetpulse(binaries, *arguments):
    return subprocess.run([binaries / "tweetpulse", *map(str, arguments)], capture_output=True,
                          text=True, timeout=240, check=False)


def test_a_killed_leaders_trace_and_its_followers_are_replayed_alike(new_world, binaries, tmp_path):
    world = new_world(schedulers=2, settings={**SHORT_LEASES, "TP_LEAD_LEASE_MS": "8000"})  # lost by a kill alone
    world.begin_work()
    wait_stored(world)
    dead = wait_until(world.name_of_leader, 60, "one leads")
    epoch = world.epoch_of_lead()
    world.submit_all([(f"later-{i}", 20, {"chunk_size": 5}) for i in range(6)])
    world.fleet.services[dead].kill()
    world.wait_next_lead(epoch)
    world.submit_all([(f"after-{i}", 20, {"chunk_size": 5}) for i in range(6)])
    world.settle()
    wait_stored(world)
    export(world, binaries, tmp_path / "trace")
    done = tweetpulse(binaries, "replay", tmp_path / "trace", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0 and told["identical"], (done.stdout, done.stderr)
    assert told["chapters"] == 2 and told["gaps"] == 0 and told["unchecked"] == 0
    assert told["events"] > 200 and told["decisions"] > 200
    said = tweetpulse(binaries, "replay", tmp_path / "trace")
    assert "2 chapters" in said.stdout and "identical" in said.stdout
    world.fleet.services[dead].start()


def test_what_is_no_trace_is_refused(binaries, tmp_path):
    (tmp_path / "nonsense").write_text("nonsense")
    done = tweetpulse(binaries, "replay", tmp_path / "nonsense")
    assert done.returncode == 2 and "no trace" in done.stderr


def whatif(world, binaries, tmp_path, *options):
    wait_stored(world)
    export(world, binaries, tmp_path / "trace")
    done = tweetpulse(binaries, "whatif", tmp_path / "trace", *options, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def charged(world):
    """What Postgres says of all calls: how many, how many failed, their tokens and their cost. One
    that a killed analyzer left without an outcome stays as it was booked."""
    ok, partial = 1, 2
    return world.fleet.database.query(
        "select count(*), count(*) filter (where was_called and outcome_class not in (%s, %s)), "
        "sum(case when was_called then tokens else reserved_tokens end)::bigint, "
        "sum(case when was_called then micros else reserved_micros end)::bigint "
        "from llm_calls where was_called or settled_at is null", (ok, partial))[0]


def left_open(world):
    return world.fleet.database.query("select count(*) from llm_calls where settled_at is null")[0][0]


def recorded(told):
    was = told["recorded"]
    return was["calls"], was["failed_calls"], was["tokens"], round(was["usd"] * 1e6)


PRICED = [{"name": "cheap", "prompt_usd_per_million": 0.15, "completion_usd_per_million": 0.6,
           "limits": {"tokens_per_minute": 900000}},
          {"name": "dear", "prompt_usd_per_million": 2.5, "completion_usd_per_million": 10}]


def test_what_was_recorded_is_what_the_calls_cost_whether_they_failed_or_not(
        new_world, binaries, tmp_path):
    world = new_world(settings={**SHORT_LEASES, "TP_BREAKER_OPEN_MS": "1500",
                                "TP_BREAKER_CALLS": "8"},
                      endpoints=PRICED, llm=("--delay-ms", "60"))

    def submit(name):  # of others, whose posts are not in the cache yet
        world.submit_all([(f"{name}-{i}", 20, {"chunk_size": 5}) for i in range(8)])
    submit("early")
    # What is set before somebody leads is read at the start, and no change.
    wait_until(lambda: world.fleet.llm.stats()["requests"] > 0, 60, "somebody leads")
    put(world.api, f"{BASE}/endpoints/cheap", limits={**LIMITS, "tokens_per_minute": 800000})
    world.script({"when": {"text": "poison"}, "then": {"status": 400}},
                 {"when": {"endpoint": "cheap", "every": 3}, "then": {"status": 503}})
    posts = [{"id": f"p{i}", "text": "poison" if i == 3 else f"good {i}"} for i in range(8)]
    poisoned = world.submit("sick", posts=posts)
    submit("meanwhile")
    world.fleet.services["analyzer-1"].restart()
    submit("late")
    world.api.wait(poisoned)
    world.settle()
    told = whatif(world, binaries, tmp_path)
    assert recorded(told) == charged(world)
    assert told["recorded"]["failed_calls"] > 0 and told["lost_steps"] == told["lost_batches"] == 0
    assert told["calls_without_outcome"] == left_open(world) and told["calls_without_price"] == 0
    # Two analyzers were there, whatever names they had; the last limit is that of the model.
    assert told["setting"]["analyzers"] == 2 and told["most_analyzers"] == 2
    assert told["setting"]["tokens_per_minute"] == 800000 and told["setting_changes"] == 1
    # The model repeats the poisoned post's failures at the least.
    again = told["baseline"]
    assert again["jobs"] == told["recorded"]["jobs"] == 25 and told["chunks"] == 3 * 32 + 1
    assert again["failed_calls"] >= 4 and again["calls"] >= 3 * 32 + 4


def test_calls_at_the_time_of_a_takeover_are_counted_too(new_world, binaries, tmp_path):
    world = new_world(schedulers=2, settings={**SHORT_LEASES, "TP_LEAD_LEASE_MS": "8000"},
                      endpoints=PRICED)
    world.begin_work()
    wait_stored(world)
    dead = wait_until(world.name_of_leader, 60, "one leads")
    epoch = world.epoch_of_lead()
    world.submit_all([(f"later-{i}", 20, {"chunk_size": 5}) for i in range(6)])
    world.fleet.services[dead].kill()
    world.wait_next_lead(epoch)
    world.settle()
    told = whatif(world, binaries, tmp_path)
    assert recorded(told) == charged(world)
    assert told["setting"]["analyzers"] == 2
    world.fleet.services[dead].start()


def test_recorded_work_is_run_again_under_other_settings(new_world, binaries, tmp_path):
    world = new_world(llm=("--delay-ms", "100"))
    world.submit_all([(f"user-{i}", 20, {"chunk_size": 5}) for i in range(40)])
    world.settle()
    told = whatif(world, binaries, tmp_path, "--users", 3, "--price", "1,2")
    assert told["jobs"] == 40 and told["chunks"] == 160 and told["settings_known"]
    was, again, changed = told["recorded"], told["baseline"], told["changed"]
    assert was["jobs"] == again["jobs"] == changed["jobs"] == 40
    # The model knows the calls but not how busy this machine was beside them.
    assert 160 * 0.1 / 10 < again["makespan_s"] < 1.5 * was["makespan_s"]
    assert again["finish_mean_s"] < 1.5 * was["finish_mean_s"]
    # Three calls at a time, of a tenth of a second at least each.
    assert changed["makespan_s"] > 160 * 0.1 / 3 and changed["usd"] > 0
    assert recorded(told) == charged(world) and changed["tokens"] == was["tokens"]
    said = tweetpulse(binaries, "whatif", tmp_path / "trace", "--users", 3)
    assert "baseline" in said.stdout and "than recorded, by the mean" in said.stdout
    refused = tweetpulse(binaries, "whatif", tmp_path / "trace", "--tpm", "plenty")
    assert refused.returncode == 2
