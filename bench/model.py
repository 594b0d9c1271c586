"""How long a call of the pretended model takes a client that does nothing but call it: what all the
other figures take for granted."""

import concurrent.futures
import os
import pathlib
import socket
import statistics
import tempfile
import time

from fleet.fleet import FakeLlm
from measure import load, percentiles

BODY = b'''{"model": "fake", "messages": [{"role": "user", "content": "rather good"}]}'''
CALL = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s") % (len(BODY), BODY)


def _call(connection, pause_s):
    """Seconds; an answer comes in one piece, as it is sent."""
    time.sleep(pause_s)
    began = time.perf_counter()
    connection.sendall(CALL)
    answer = connection.recv(65536)
    took = time.perf_counter() - began
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.decode())
    return took


def _calls(binaries, count, delay_ms, pause_ms):
    with tempfile.TemporaryDirectory() as folder:
        llm = FakeLlm(pathlib.Path(binaries) / "fake_llm", pathlib.Path(folder),
                      ["--punctual", "--delay-ms", delay_ms])
        llm.start()
        try:
            with socket.create_connection(("127.0.0.1", llm.port)) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return [_call(connection, pause_ms / 1000) for _ in range(count)]
        finally:
            llm.terminate()


def _come_first():
    """Else on a busy machine it is this client that is late; without the right it is."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pass


def _measure(binaries, calls, delay_ms):
    load_before = load()
    _come_first()
    delayed = _calls(binaries, calls, delay_ms, 0)
    at_once = _calls(binaries, calls, 0, delay_ms)  # as cold as those that are delayed
    added_ms = 1000 * (statistics.fmean(delayed) - statistics.fmean(at_once))
    return {"delay_ms": delay_ms, "call_ms": percentiles(delayed),
            "call_without_delay_ms": percentiles(at_once),
            "late_ms": round(added_ms - delay_ms, 3), "load_before": load_before}


def model(binaries, calls=200, delay_ms=50):
    """Late is what a delay adds to a call beyond itself: at most 0.1 ms on average."""
    with concurrent.futures.ProcessPoolExecutor(1) as apart:  # what comes first is this alone
        return apart.submit(_measure, binaries, calls, delay_ms).result()
