"""One child process: a session of its own, its output in a file, ended by its pid alone."""

import os
import random
import signal
import socket
import subprocess
import time


def wait_until(probe, seconds, what, every=0.02):
    """What `probe` answers as soon as that is true; TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


CLAIMS = {}  # port: a socket that is open as long as nobody else may have it


def free_port():
    """A port nobody listens on, below the range from which outgoing connections take theirs. Of all
    who ask here nobody else gets it, also while nobody listens on it yet, or between two lives:
    until it is given back, or this process ends."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0tweetpulse-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        CLAIMS[port] = claim
        return port


def give_back(port):
    claim = CLAIMS.pop(port, None)
    if claim:
        claim.close()


def started_at(pid):
    """When the process began, in clock ticks: with the pid it names one process for ever."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[19])
    except (OSError, IndexError):
        return None


class Process:
    def __init__(self, name, command, log, environment=None, as_user=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = log
        self.environment = environment
        self.as_user = as_user
        self.child = None
        self._life_from = 0

    def start(self):
        command = self.command
        if self.as_user:
            command = ["setpriv", f"--reuid={self.as_user}", f"--regid={self.as_user}",
                       "--init-groups", *command]
        with open(self.log, "ab") as output:
            self._life_from = output.tell()
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=self.environment, start_new_session=True, cwd=self.log.parent)

    @property
    def pid(self):
        return self.child.pid

    def is_alive(self):
        return self.child is not None and self.child.poll() is None

    def must_live(self):
        if not self.is_alive():
            code = self.child.returncode if self.child else None
            raise RuntimeError(f"{self.name} ended with {code}; its last words:\n{self.tail()}")
        return True

    def output(self):
        """What it has written since it was started last."""
        with open(self.log, "rb") as log:
            log.seek(self._life_from)
            return log.read().decode("utf-8", "replace")

    def tail(self, lines=15):
        return "\n".join(self.output().splitlines()[-lines:])

    def send(self, number):
        if self.is_alive():
            os.kill(self.pid, number)

    def kill(self):
        self.send(signal.SIGKILL)
        self.child.wait(60)

    def freeze(self):
        """SIGSTOP; when this returns, all its threads stand."""
        self.send(signal.SIGSTOP)
        if self.is_alive():
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self):
        self.send(signal.SIGCONT)

    def terminate(self, seconds=40, number=signal.SIGTERM):
        """Asks it to end and answers its exit code; beyond the time it is killed."""
        if self.child is None:
            return None
        self.ask_to_end(number)
        return self.wait_end(seconds)

    def ask_to_end(self, number=signal.SIGTERM):
        self.thaw()
        self.send(number)

    def wait_end(self, seconds=40):
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"{self.name} did not end within {seconds:g} s") from None

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="utf-8") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
