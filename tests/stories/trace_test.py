"""What the scheduler did is recorded, and this build decides the same again."""

import json
import re
import subprocess

from conftest import SHORT_LEASES
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


def test_recorded_work_is_run_again_under_other_settings(new_world, binaries, tmp_path):
    world = new_world(llm=("--delay-ms", "100"))
    world.submit_all([(f"user-{i}", 20, {"chunk_size": 5}) for i in range(40)])
    world.settle()
    wait_stored(world)
    export(world, binaries, tmp_path / "trace")
    done = tweetpulse(binaries, "whatif", tmp_path / "trace", "--users", 3, "--price", "1,2",
                      "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["jobs"] == 40 and told["chunks"] == 160 and told["settings_known"]
    was, again, changed = told["recorded"], told["baseline"], told["changed"]
    assert was["jobs"] == again["jobs"] == changed["jobs"] == 40
    # The model knows the calls but not how busy this machine was beside them.
    assert 160 * 0.1 / 10 < again["makespan_s"] < 1.5 * was["makespan_s"]
    assert again["finish_mean_s"] < 1.5 * was["finish_mean_s"]
    # Three calls at a time, of a tenth of a second at least each.
    assert changed["makespan_s"] > 160 * 0.1 / 3 and changed["usd"] > 0
    said = tweetpulse(binaries, "whatif", tmp_path / "trace", "--users", 3)
    assert "baseline" in said.stdout and "than recorded, by the mean" in said.stdout
    refused = tweetpulse(binaries, "whatif", tmp_path / "trace", "--tpm", "plenty")
    assert refused.returncode == 2
