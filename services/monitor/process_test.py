"""The monitor as a process, between a real broker and a webhook: run by ctest with its path."""

import http.server
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

PROGRAM = sys.argv.pop(1)
SKIPPED = 77


def field(number, value):
    """One field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def telemetry(queue_depth):
    """What a scheduler would say, every two seconds."""
    gauge = 2
    series = (field(1, "tweetpulse_scheduler_queue_depth") + field(2, gauge) + field(3, "class")
              + field(4, "standard") + field(5, float(queue_depth)) + field(8, "Chunks waiting."))
    return (field(1, 1) + field(2, "scheduler") + field(3, "one") + field(4, "0.1.0")
            + field(5, 1) + field(6, 2000) + field(7, 1) + field(8, series))


class Webhook(http.server.BaseHTTPRequestHandler):
    heard, refusals = [], 1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if Webhook.refusals > 0:
            Webhook.refusals -= 1
            self.send_response(503)
        else:
            Webhook.heard.append(json.loads(body))
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    """Below the range from which outgoing connections take theirs."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.SystemRandom().randrange(20000, 32000)))
            except OSError:
                continue
            return probe.getsockname()[1]


class Monitor(unittest.TestCase):
    def setUp(self):
        self.broker_port = free_port()
        self.broker = subprocess.Popen(
            ["nats-server", "-a", "127.0.0.1", "-p", str(self.broker_port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.webhook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        threading.Thread(target=self.webhook.serve_forever, daemon=True).start()
        self.port, self.ops_port = free_port(), free_port()
        self.monitor = subprocess.Popen([PROGRAM], env={
            **os.environ,
            "TP_NATS_URL": f"nats://127.0.0.1:{self.broker_port}",
            "TP_MONITOR_PORT": str(self.port),
            "TP_OPS_PORT": str(self.ops_port),
            "TP_TELEMETRY_INTERVAL_MS": "200",
            "TP_ALERT_INTERVAL_MS": "100",
            "TP_ALERT_QUEUE_FOR_SECONDS": "1",
            "TP_ALERT_CLEAR_SECONDS": "0",
            "TP_ALERT_GROUP_WAIT_SECONDS": "0",
            "TP_ALERT_WEBHOOK_URL": f"http://127.0.0.1:{self.webhook.server_port}/hook",
        }, stderr=subprocess.DEVNULL)
        self.eventually(lambda: self.is_ready())
        self.client = socket.create_connection(("127.0.0.1", self.broker_port))
        self.client.sendall(b'CONNECT {"verbose":false}\r\n')

    def tearDown(self):
        self.monitor.send_signal(signal.SIGTERM)
        self.assertEqual(self.monitor.wait(60), 0)
        self.client.close()
        self.webhook.shutdown()
        self.webhook.server_close()
        self.broker.terminate()
        self.broker.wait(60)

    def eventually(self, condition, act=lambda: None):
        deadline = time.monotonic() + 90
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            act()
            time.sleep(0.05)

    def get(self, path, port=None):
        with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}{path}") as answer:
            return answer.read().decode()

    def is_ready(self):
        try:
            return self.get("/readyz", self.ops_port) is not None
        except OSError:
            return False

    def say(self, queue_depth):
        message = telemetry(queue_depth)
        self.client.sendall(f"PUB tp.telemetry.scheduler.one {len(message)}\r\n".encode()
                            + message + b"\r\n")

    def test_a_long_queue_is_told_and_so_is_its_end(self):
        self.eventually(lambda: Webhook.heard, lambda: self.say(250))
        fired = Webhook.heard[0]
        self.assertEqual(Webhook.refusals, 0)
        self.assertEqual((fired["version"], fired["status"]), ("4", "firing"))
        self.assertEqual(fired["alerts"][0]["labels"]["alertname"], "TweetPulseQueueLong")
        told = ('tweetpulse_scheduler_queue_depth{service="scheduler",instance="one",'
                'class="standard"} 250\n')
        self.eventually(lambda: told in self.get("/metrics"), lambda: self.say(250))
        self.eventually(lambda: '"state":"firing"' in self.get("/v1/alerts"), lambda: self.say(250))
        self.eventually(lambda: len(Webhook.heard) > 1, lambda: self.say(3))
        self.assertEqual(Webhook.heard[1]["status"], "resolved")
        self.assertEqual(Webhook.heard[1]["alerts"][0]["fingerprint"],
                         fired["alerts"][0]["fingerprint"])
        self.assertEqual(len(Webhook.heard), 2)

        def state_of_the_scheduler():
            instances = json.loads(self.get("/v1/fleet"))["instances"]
            return next(i["up"] for i in instances if i["service"] == "scheduler")

        self.eventually(state_of_the_scheduler, lambda: self.say(3))
        self.eventually(lambda: not state_of_the_scheduler())
        self.assertIn('tweetpulse_instance_up{service="scheduler",instance="one"} 0\n',
                      self.get("/metrics"))
        self.assertNotIn("queue_depth", self.get("/metrics"))


if __name__ == "__main__":
    if shutil.which("nats-server") is None:
        print("skipped: nats-server is not here")
        sys.exit(SKIPPED)
    unittest.main()
