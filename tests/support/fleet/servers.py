"""The three servers TweetPulse stands on, each private to one fleet."""

import contextlib
import glob
import os
import secrets
import shutil
import signal
import socket
import subprocess

import psycopg2

from .process import Process, free_port, wait_until


def _program(name, *places):
    found = shutil.which(name)
    for pattern in places:
        found = found or next(iter(sorted(glob.glob(pattern), reverse=True)), None)
    if not found:
        raise FileNotFoundError(f"{name} is not installed: run dev/setup")
    return found


def _says(port, question, answer):
    """Does who listens on the port answer as expected?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(question)
            return connection.recv(512).startswith(answer)
    except OSError:
        return False


class Server(Process):
    """A process with a port, which keeps it over a restart."""

    def is_ready(self):
        raise NotImplementedError

    def start(self, seconds=90):
        super().start()
        wait_until(lambda: self.must_live() and self.is_ready(), seconds, f"{self.name} answers")

    def restart(self):
        self.kill()
        self.start()


class Broker(Server):
    """nats-server with JetStream on disk."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.store = folder / "nats"
        config = folder / "nats.conf"
        config.write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            'server_name: "tweetpulse"\n'
            f'jetstream {{ store_dir: "{self.store}", max_file_store: 6GB, max_memory_store: 64MB }}\n'
            "max_payload: 1MB\n"
            'ping_interval: "10s"\n'
            'write_deadline: "5s"\n', encoding="utf-8")
        super().__init__("nats", [_program("nats-server", "/usr/sbin/nats-server"), "-c", config],
                         folder / "nats.log")

    def forget(self):
        """Wipes all streams; while it is down."""
        shutil.rmtree(self.store, ignore_errors=True)

    def is_ready(self):
        return _says(self.port, b"", b"INFO") and "Server is ready" in self.output()


class Cache(Server):
    """redis-server that keeps nothing on disk."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        super().__init__(
            "redis",
            [_program("redis-server"), "--bind", "127.0.0.1", "--port", self.port, "--save", "",
             "--appendonly", "no", "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru",
             "--daemonize", "no"],
            folder / "redis.log")

    def is_ready(self):
        return _says(self.port, b"PING\r\n", b"+PONG")

    def results(self):
        """How many posts it has a result of. It looks at all keys."""
        return self._posts("~=")

    def claims(self):
        """How many posts somebody is about to ask the model for."""
        return self._posts("==")

    def _posts(self, comparison):
        script = ("local count = 0 for _, key in ipairs(redis.call('KEYS', 'tp:post:*')) do"
                  f" if string.sub(redis.call('GET', key) or '?', 1, 1) {comparison} '?'"
                  " then count = count + 1 end end return count")
        asked = ["EVAL", script, "0"]
        line = f"*{len(asked)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in asked)
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(line.encode())
            return int(connection.makefile().readline()[1:])


class Database(Server):
    """PostgreSQL 15 with a role and a database of its own. Root hands it to the user postgres.

    model: another one, which does not run; copy() takes all that it holds."""

    def __init__(self, folder, model=None):
        self.port = free_port()
        self.data = folder / "postgres"
        self.model = model
        self.password = model.password if model else secrets.token_hex(12)
        self.url = f"postgresql://tweetpulse:{self.password}@127.0.0.1:{self.port}/tweetpulse"
        self._bin = os.path.dirname(_program("initdb", "/usr/lib/postgresql/*/bin/initdb"))
        user = "postgres" if os.geteuid() == 0 else None
        super().__init__("postgres", [f"{self._bin}/postgres", "-D", self.data],
                         folder / "postgres.log", as_user=user)

    def create(self, settings=()):
        """Makes the cluster; once, before the first start."""
        self.data.mkdir(mode=0o700)
        secret = self.data.parent / "postgres.password"
        secret.write_text(self.password + "\n", encoding="utf-8")
        secret.chmod(0o600)
        as_user = []
        if self.as_user:
            shutil.chown(self.data, self.as_user)
            shutil.chown(secret, self.as_user)
            as_user = ["setpriv", f"--reuid={self.as_user}", f"--regid={self.as_user}",
                       "--init-groups"]
        made = subprocess.run(
            [*as_user, f"{self._bin}/initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8",
             "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", check=False)
        secret.unlink()
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr.strip()}")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as config:
            config.write(
                "listen_addresses = '127.0.0.1'\n"
                f"port = {self.port}\n"
                "unix_socket_directories = ''\n"
                "max_connections = 60\n"
                "shared_buffers = 64MB\n"
                "default_toast_compression = lz4\n"
                "timezone = 'UTC'\n"
                "log_timezone = 'UTC'\n")
            config.writelines(f"{setting}\n" for setting in settings)

    def copy(self):
        """Instead of create() and create_role()."""
        subprocess.run(["cp", "--archive", self.model.data, self.data], check=True)
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as config:
            config.write(f"port = {self.port}\n")

    def create_role(self):
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres",
                                      password=self.password, dbname="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("create role tweetpulse login password %s", (self.password,))
                cursor.execute("create database tweetpulse owner tweetpulse")
        finally:
            connection.close()

    def is_ready(self):
        try:
            psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", connect_timeout=10,
                             password=self.password, dbname="postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def start(self, seconds=90):
        """Also after a kill -9, when the old backends may need a moment to leave."""
        def attempt():
            if not self.is_alive():
                Process.start(self)
            return self.is_ready()
        wait_until(attempt, seconds, "PostgreSQL answers", every=0.05)

    def ask_to_end(self, number=signal.SIGINT):
        """SIGINT is PostgreSQL's fast shutdown."""
        super().ask_to_end(number)

    def terminate(self, seconds=60, number=signal.SIGINT):
        return super().terminate(seconds, number)

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody else reads or writes that table meanwhile: whoever wants to, waits."""
        connection = psycopg2.connect(self.url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"lock table {table} in access exclusive mode")
            yield
        finally:
            connection.close()

    def query(self, sql, values=None):
        connection = psycopg2.connect(self.url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()
