"""python3 -m fleet up|down|where: one fleet of this checkout, left running in the background.

Its folder is made of the checkout's path and the user, so every copy has its own."""

import argparse
import configparser
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import signal
import sys
import tempfile
import time

from .fleet import Fleet
from .process import started_at, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]


def home_of_fleet():
    mark = hashlib.sha256(f"{ROOT}:{os.geteuid()}".encode()).hexdigest()[:10]
    return pathlib.Path(tempfile.gettempdir()) / f"tweetpulse-up-{mark}"


def read_state():
    """What was left running; a file that somebody else has put there is not believed."""
    try:
        if home_of_fleet().lstat().st_uid != os.geteuid():
            return None
        return json.loads((home_of_fleet() / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_state(fleet):
    state = {
        "url": fleet.url, "api_key": fleet.api_key, "binaries": str(fleet.binaries),
        "folder": str(fleet.folder), "database": fleet.database.url, "nats": fleet.broker.url,
        "redis": fleet.cache.url, "monitor": fleet.monitor_url,
        "processes": [{"name": process.name, "pid": process.pid, "started": started_at(process.pid)}
                      for process in fleet.processes()],
    }
    path = fleet.folder / "state.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
              encoding="utf-8") as out:
        json.dump(state, out, indent=1)
    return state


def write_cli_config(state):
    """Where the command tweetpulse finds the fleet."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    path = pathlib.Path(base) / "tweetpulse" / "config.ini"
    path.parent.mkdir(parents=True, exist_ok=True)
    config = configparser.ConfigParser()
    config["tweetpulse"] = {"url": state["url"], "key": state["api_key"]}
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
              encoding="utf-8") as out:
        config.write(out)
    return path


def living(state):
    return [process for process in state["processes"]
            if started_at(process["pid"]) == process["started"]]


def down():
    """Ends the fleet that is up, if any, and removes its folder. Answers how many ended."""
    state = read_state()
    count = 0
    if state:
        services = [process for process in living(state)
                    if process["name"] not in ("redis", "postgres", "nats")]
        servers = [process for process in living(state) if process not in services]
        count = len(services) + len(servers)
        for group in (services, servers):
            for process in group:
                end = signal.SIGINT if process["name"] == "postgres" else signal.SIGTERM
                os.kill(process["pid"], end)
            _wait_gone(group)
    shutil.rmtree(home_of_fleet(), ignore_errors=True)
    return count


def _wait_gone(group):
    def all_gone():
        return all(started_at(process["pid"]) != process["started"] or _is_zombie(process["pid"])
                   for process in group)
    try:
        wait_until(all_gone, 40, "the processes end")
    except TimeoutError:
        for process in group:
            if started_at(process["pid"]) == process["started"]:
                print(f"dev/down: {process['name']} had to be killed", file=sys.stderr)
                os.kill(process["pid"], signal.SIGKILL)


def _is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def settings_of_caller():
    """TP_* of the environment: a model, limits, log level go through to the services."""
    own = ("TP_NATS_URL", "TP_DATABASE_URL", "TP_REDIS_URL", "TP_KEY_PEPPER", "TP_OPS_PORT",
           "TP_INSTANCE")
    return {name: value for name, value in os.environ.items()
            if name.startswith("TP_") and name not in own}


def up(binaries):
    """Starts a fleet in the background, after ending the one before. Answers its state."""
    down()
    home_of_fleet().mkdir()  # fails if somebody else's stands there
    fleet = Fleet(binaries, folder=home_of_fleet(), settings=settings_of_caller())
    try:
        fleet.start()
        return write_state(fleet)
    except BaseException:
        fleet.stop()
        raise


def tell(state):
    command = pathlib.Path(state["binaries"]) / "tweetpulse"
    print(f"url       {state['url']}")
    print(f"api key   {state['api_key']}")
    print(f"command   {shlex.quote(str(command))}")
    print(f"monitor   {state['monitor']}/metrics")
    print(f"broker    {state['nats']}")
    print(f"database  {state['database']}")
    print(f"logs      {state['folder']}/*.log")


def main():
    parser = argparse.ArgumentParser(prog="fleet", description=__doc__)
    parser.add_argument("what", choices=("up", "down", "where"))
    parser.add_argument("--binaries", default=ROOT / "build/release/bin")
    options = parser.parse_args()
    if options.what == "down":
        ended = down()
        print(f"{ended} processes ended" if ended else "nothing was running")
        return 0
    if options.what == "where":
        state = read_state()
        if not state or not living(state):
            print("nothing is running: dev/up starts it", file=sys.stderr)
            return 1
        tell(state)
        return 0
    begin = time.monotonic()
    try:
        state = up(options.binaries)
    except (RuntimeError, TimeoutError, OSError) as why:
        print(f"dev/up: {why}", file=sys.stderr)
        return 1
    print(f"config    {write_cli_config(state)}")
    tell(state)
    print(f"\nup in {time.monotonic() - begin:.1f} s; dev/down stops it. For example:\n"
          f"  {shlex.quote(str(pathlib.Path(state['binaries']) / 'tweetpulse'))} submit "
          "samples/posts.jsonl --wait")
    return 0


if __name__ == "__main__":
    sys.exit(main())
