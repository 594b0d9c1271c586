"""What every service owes whoever runs it."""

import subprocess

import pytest

from fleet import get, wait_until

SERVICES = ["gateway", "scheduler", "analyzer", "store", "monitor"]


def run(binaries, name, *arguments, **environment):
    return subprocess.run([binaries / name, *arguments], env=environment, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", SERVICES)
def test_bad_settings_are_all_named_and_end_it_with_78(binaries, name):
    done = run(binaries, name, TP_OPS_PORT="abc", TP_LOG_LEVEL="loud")
    assert done.returncode == 78
    assert "TP_OPS_PORT" in done.stderr and "TP_LOG_LEVEL" in done.stderr


@pytest.mark.parametrize("name, setting, value", [
    ("analyzer", "TP_LLM_BASE_URL", "ftp://model"),
    ("monitor", "TP_ALERT_WEBHOOK_URL", "receiver"),
    ("store", "TP_DATABASE_URL", "not a connection string"),
    ("store", "TP_REDIS_URL", "http://cache"),
])
def test_an_address_of_the_wrong_kind_ends_it_with_78(binaries, name, setting, value):
    environment = {"TP_DATABASE_URL": "postgresql://127.0.0.1:1/nowhere", "TP_KEY_PEPPER": "p" * 16,
                   "TP_NATS_URL": "nats://127.0.0.1:1", setting: value}
    done = run(binaries, name, **environment)
    assert done.returncode == 78
    assert setting in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_help_names_every_setting(binaries, name):
    done = run(binaries, name, "--help")
    assert done.returncode == 0
    assert "TP_NATS_URL" in done.stdout and "TP_OPS_PORT" in done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_wrong_usage_ends_it_with_64(binaries, name):
    assert run(binaries, name, "--no-such-thing").returncode == 64


def test_every_service_is_healthy_ready_and_measured(world):
    for name, service in world.fleet.services.items():
        assert service.ops("/healthz")[0] == 200
        service.wait_ready()  # a leader that was held up may have to take the lead again
        status, metrics = service.ops("/metrics")
        assert status == 200 and "tweetpulse_" in metrics, name
    world.settle()


def test_the_monitor_shows_the_metrics_of_the_whole_fleet(world):
    world.submit("measured", 5)
    world.settle()

    def shows_all():
        metrics = get(world.fleet.monitor_url + "/metrics")[1]
        return all(f'service="{name}"' in metrics for name in SERVICES)
    wait_until(shows_all, 60, "the monitor shows all five services")


def test_the_schema_is_migrated_once_however_often_one_asks(world):
    before = world.fleet.database.query("select count(*) from schema_migrations")
    world.fleet.run_store("--migrate")
    assert world.fleet.database.query("select count(*) from schema_migrations") == before
    world.settle()


def test_no_log_holds_a_post_or_a_key(world):
    world.submit("discreet", posts=[{"id": "a", "text": "a-word-nobody-may-log"}])
    world.settle()
    for name, service in world.fleet.services.items():
        text = service.log.read_text(encoding="utf-8", errors="replace")
        assert "a-word-nobody-may-log" not in text, name
        assert world.fleet.api_key not in text, name
        assert world.fleet.database.password not in text, name
