"""The fleet: servers first, then the store's schema and key, then the five services."""

import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from .process import Process, free_port, give_back, wait_until
from .servers import Broker, Cache, Database

# What a sanitized service says when it found a bug of ours.
FAULTS = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:"
                    r"|CHECK\(|check failed|core dumped", re.IGNORECASE)


def get(url, seconds=30):
    """Status and body; (0, "") while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Service(Process):
    """One of the five, or one more replica of it. Its ops port is told by its log."""

    def ops_port(self):
        for line in self.output().splitlines():
            if "ops.listening" in line:
                found = re.search(r'"?port"?[=:]\s*"?(\d+)', line)
                return int(found.group(1)) if found else None
        return None

    def ops(self, path, seconds=30):
        port = self.ops_port()
        return get(f"http://127.0.0.1:{port}{path}", seconds) if port else (0, "")

    def is_ready(self):
        return self.ops("/readyz")[0] == 200

    def wait_ready(self, seconds=90):
        wait_until(lambda: self.must_live() and self.is_ready(), seconds,
                   f"{self.name} is ready; it says {self.ops('/readyz')}", every=0.03)

    def restart(self):
        self.kill()
        self.start()

    def logged(self, event):
        """The fields of each line of this life with that event."""
        lines = []
        for line in self.output().splitlines():
            if event in line and line.startswith("{"):
                fields = json.loads(line)
                if fields.get("event") == event:
                    lines.append(fields)
        return lines


class FakeLlm(Process):
    """tests/support/fake_llm on a free port."""

    def __init__(self, program, folder, arguments=()):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__("fake_llm", [program, "--port", self.port, *arguments],
                         folder / "fake_llm.log")

    def start(self, seconds=60):
        super().start()
        wait_until(lambda: self.must_live() and get(self.url + "/control/stats")[0] == 200, seconds,
                   "fake_llm answers")

    def stats(self):
        return json.loads(get(self.url + "/control/stats")[1])

    def calls(self):
        """Of each endpoint, the time in ms and the tokens of each call."""
        return json.loads(get(self.url + "/control/calls")[1])

    def control(self, path, document):
        request = urllib.request.Request(self.url + path, json.dumps(document).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()


class Fleet:
    """settings: TP_* for every service; a name in front ("scheduler:TP_X") means that one alone.
    llm: arguments of fake_llm, or None for none. folder: None makes one, removed at the end.
    endpoints: what stands in the file of endpoints; each is a path of fake_llm, by its name.
    model: another one, of which only the database was made; it is copied."""

    def __init__(self, binaries, folder=None, settings=None, analyzers=2, schedulers=1, llm=None,
                 endpoints=None, model=None):
        self.binaries = pathlib.Path(binaries).resolve()
        self.is_own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="tweetpulse-"))
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o711)  # postgres has a user of its own when root runs this
        self.settings = dict(settings or {})
        self.broker = Broker(self.folder)
        self.database = Database(self.folder, model.database if model else None)
        self.cache = Cache(self.folder)
        self.llm = None
        if llm is not None:
            self.llm = FakeLlm(self.binaries / "fake_llm", self.folder, llm)
        if endpoints:
            self.settings["TP_LLM_ENDPOINTS"] = self._write_endpoints(endpoints)
        self.http_port = int(self.settings.pop("TP_HTTP_PORT", 0)) or free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.monitor_port = free_port()
        self.monitor_url = f"http://127.0.0.1:{self.monitor_port}"
        self.api_key = None
        self.pepper = secrets.token_hex(16)
        names = ["store", *_replicas("scheduler", schedulers), *_replicas("analyzer", analyzers),
                 "gateway", "monitor"]
        self.services = {name: self._service(name) for name in names}

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    # -- life --

    def make_database(self, settings=()):
        """The database alone, which runs then, with its schema."""
        self.database.create(settings)
        self.database.start()
        self.database.create_role()
        self.run_store("--migrate")

    def start(self):
        if self.database.model:
            self.database.copy()
            self.database.start()
        else:
            self.make_database()
        for server in (self.broker, self.cache):
            server.start()
        if self.llm:
            self.llm.start()
        self.api_key = self.create_key("demo:operator")
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            service.wait_ready()
        return self

    def stop(self):
        """Ends all of it, services before servers; what will not end is killed."""
        first = [*self.services.values(), self.llm]
        for group in (first, [self.cache, self.database, self.broker]):
            running = [process for process in group if process and process.is_alive()]
            for process in running:
                if process is self.database and self.is_own_folder:
                    process.ask_to_end(signal.SIGQUIT)  # nobody will read it again
                else:
                    process.ask_to_end()
            for process in running:
                try:
                    process.wait_end(60)
                except TimeoutError as late:
                    print(late)
        for whose in (self.broker, self.cache, self.database, self.llm):
            if whose:
                give_back(whose.port)
        give_back(self.http_port)
        give_back(self.monitor_port)
        if self.is_own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self):
        """Whatever runs, servers last."""
        every = [*self.services.values(), self.llm, self.cache, self.database, self.broker]
        return [process for process in every if process and process.is_alive()]

    def is_well(self):
        return (all(service.is_alive() and service.is_ready() for service in
                    self.services.values())
                and all(server.is_alive() and server.is_ready() for server in
                        (self.broker, self.database, self.cache))
                and (self.llm is None or self.llm.is_alive()))

    # -- its parts --

    def run_store(self, *arguments):
        done = subprocess.run([self.binaries / "store", *arguments], stdin=subprocess.DEVNULL,
                              env=self.environment("store"), capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"store {' '.join(arguments)} ended with {done.returncode}: "
                               f"{done.stderr.strip()}")
        return done.stdout.strip()

    def create_key(self, tenant):
        return self.run_store("--create-key", tenant)

    def environment(self, name):
        """The settings of one service, on top of the bare environment."""
        kind = name.split("-")[0]
        own = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": os.environ.get("HOME", "/"),
            "TP_NATS_URL": self.broker.url,
            "TP_DATABASE_URL": self.database.url,
            "TP_REDIS_URL": self.cache.url,
            "TP_KEY_PEPPER": self.pepper,
            "TP_HTTP_PORT": str(self.http_port),
            "TP_MONITOR_PORT": str(self.monitor_port),
            "TP_OPS_PORT": "0",
            "TP_INSTANCE": name,
            "TP_LLM_BASE_URL": self.llm.url if self.llm else "",
        }
        for word in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "TMPDIR"):
            if word in os.environ:
                own[word] = os.environ[word]
        for setting, value in self.settings.items():
            if ":" not in setting:
                own[setting] = str(value)
        for setting, value in self.settings.items():
            whose, _, rest = setting.partition(":")
            if rest and whose in (name, kind):
                own[rest] = str(value)
        return own

    def _write_endpoints(self, endpoints):
        path = self.folder / "endpoints.json"
        chain = [{"base_url": f"{self.llm.url}/{endpoint['name']}", "model": "fake", **endpoint}
                 for endpoint in endpoints]
        path.write_text(json.dumps({"endpoints": chain}), encoding="utf-8")
        return path

    def _service(self, name):
        return Service(name, [self.binaries / name.split("-")[0]], self.folder / f"{name}.log",
                       self.environment(name))

    def faults(self):
        """Lines in the logs that tell of a bug of ours: {service: [line, ...]}."""
        found = {}
        for name, service in self.services.items():
            if service.log.exists():
                text = service.log.read_text(encoding="utf-8", errors="replace")
                lines = [line for line in text.splitlines() if FAULTS.search(line)]
                if lines:
                    found[name] = lines[:10]
        return found


def _replicas(name, count):
    return [name] if count == 1 else [f"{name}-{i + 1}" for i in range(count)]
