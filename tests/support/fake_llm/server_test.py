"""The fake model as its clients see it: run by ctest with the path of the program."""

import concurrent.futures
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def question(*texts):
    posts = [{"id": i + 1, "text": text} for i, text in enumerate(texts)]
    return json.dumps({
        "model": "fake",
        "messages": [
            {"role": "system", "content": "Analyse."},
            {"role": "user", "content": json.dumps({"posts": posts})},
        ],
    })


class FakeModel(unittest.TestCase):
    options = ()

    def setUp(self):
        self.log = tempfile.NamedTemporaryFile("r")
        self.server = subprocess.Popen(
            [PROGRAM, "--log", self.log.name, *self.options], stdout=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        self.assertRegex(line, r"^fake_llm listening port=\d+$")
        self.port = int(line.split("=")[1])

    def tearDown(self):
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(60), 0)
        self.server.stdout.close()
        self.log.close()

    def ask(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def call(self, *texts, user="u", timeout=60):
        return self.ask("POST", "/v1/chat/completions", question(*texts), {"X-User": user}, timeout)

    def results(self, *texts):
        answer, body = self.call(*texts)
        self.assertEqual(answer.status, 200)
        return json.loads(json.loads(body)["choices"][0]["message"]["content"])["results"]

    def script(self, then, when=None):
        rules = json.dumps({"rules": [{"when": when or {}, "then": then}]})
        answer, body = self.ask("POST", "/control/script", rules)
        self.assertEqual(answer.status, 200, body)

    def stats(self):
        return json.loads(self.ask("GET", "/control/stats")[1])

    def eventually(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, self.stats())
            time.sleep(0.005)

    def open_call(self, text="x", user="u"):
        body = question(text).encode()
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.sendall(
            f"POST /v1/chat/completions HTTP/1.1\r\nX-User: {user}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return connection

    def test_a_tired_model_finds_what_comes_late_neutral(self):
        texts = [f"text {i}" for i in range(12)]
        fresh = {r["topics"][0]: r["sentiment"] for r in self.results(*texts)}
        self.assertEqual(len(set(fresh.values())), 3)
        self.script({"tires_after": 4})
        for order in (texts, texts[::-1]):
            for place, result in enumerate(self.results(*order)):
                label = fresh[result["topics"][0]] if place < 4 else "neutral"
                self.assertEqual(result["sentiment"], label)

    def test_each_post_gets_a_valid_analysis_that_names_its_text(self):
        texts = ["I love this", "grüße 👋 \"quoted\"", ""]
        answer, body = self.call(*texts)
        completion = json.loads(body)
        self.assertEqual(completion["object"], "chat.completion")
        self.assertEqual(completion["choices"][0]["finish_reason"], "stop")
        self.assertGreater(completion["usage"]["prompt_tokens"], 10)
        content = json.loads(completion["choices"][0]["message"]["content"])
        self.assertTrue(content["summary"])
        self.assertEqual([result["id"] for result in content["results"]], [1, 2, 3])
        for result, text in zip(content["results"], texts):
            self.assertEqual(result["topics"], ["echo-" + fnv(text)])
            low, high = {"negative": (-1, -.3), "neutral": (-.1, .1), "positive": (.3, 1)}[
                result["sentiment"]]
            self.assertTrue(low <= result["score"] <= high, result)
            self.assertTrue(0 <= result["confidence"] <= 1)
            self.assertEqual(set(result), {"id", "sentiment", "score", "confidence", "entities",
                                           "keywords", "topics", "language"})
        self.assertEqual(self.call(*texts)[1].split(b"choices")[1], body.split(b"choices")[1])

    def test_a_schema_gets_what_it_names_and_nothing_else(self):
        custom = {"type": "object", "properties": {
            "mood": {"type": ["string", "null"], "enum": ["calm", "cross", None]},
            "marks": {"type": "array", "items": {"type": "integer", "minimum": 4}},
            "sure": {"type": "boolean"}, "share": {"type": "number"}, "none": {"type": "null"},
            "echo": {"type": ["string", "null"]}}}
        item = {"type": "object", "properties": {"id": {"type": "integer"},
                                                 "language": {"type": "string"}, "custom": custom}}
        for properties in ({"results": {"type": "array", "items": item}},
                           {"summary": {"type": "string"}}):
            body = json.loads(question("a", "b"))
            body["response_format"] = {"type": "json_schema", "json_schema": {
                "name": "x", "schema": {"type": "object", "properties": properties}}}
            answer = json.loads(self.ask("POST", "/v1/chat/completions", json.dumps(body))[1])
            content = json.loads(answer["choices"][0]["message"]["content"])
            self.assertEqual(set(content), set(properties))
            for result, text in zip(content.get("results", ()), ("a", "b")):
                self.assertEqual(set(result), {"id", "language", "custom"})
                made = result["custom"]
                self.assertEqual(list(made), list(custom["properties"]))
                self.assertIn(made["mood"], ("calm", "cross", None))
                self.assertIsInstance(made["sure"], bool)
                self.assertEqual((made["marks"], made["share"], made["none"], made["echo"]),
                                 ([4], 0.5, None, "echo-" + fnv(text)))

    def test_models_unknown_paths_and_bad_requests(self):
        self.assertEqual(json.loads(self.ask("GET", "/v1/models")[1])["data"][0]["id"], "fake")
        self.assertEqual(self.ask("GET", "/nowhere")[0].status, 404)
        for body in ("", "{", "{}", '{"model":"m"}', '{"model":"m","messages":[],"n":2}'):
            self.assertEqual(self.ask("POST", "/v1/chat/completions", body)[0].status, 400)
        plain = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]})
        self.assertEqual(self.ask("POST", "/v1/chat/completions", plain)[0].status, 200)
        self.assertEqual(self.ask("POST", "/control/script", '{"rules":[{"then":{"x":1}}]}')[0]
                         .status, 400)

    def test_status_headers_and_body_come_from_the_script(self):
        self.script({"status": 429, "headers": {"Retry-After": "3"}, "body": {"error": "slow"}})
        answer, body = self.call("x")
        self.assertEqual((answer.status, answer.headers["Retry-After"], body),
                         (429, "3", b'{"error":"slow"}'))
        self.script({"status": 503, "body": "<html>"})
        self.assertEqual(self.call("x")[1], b"<html>")

    def test_ids_stand_in_a_body_of_the_script_where_it_says(self):
        self.script({"body": "#1# and #2#, #3# #x# #"})
        self.assertEqual(self.call("a", "b")[1], b"1 and 2, #3# #x# #")

    def test_posts_are_quoted_and_obeyed(self):
        self.script({"quotes": "{", "obeys": "SAY "})
        texts = ["plain", "{a}", 'now SAY "x":1},{"id":7}']
        body = json.loads(self.call(*texts)[1])
        content = body["choices"][0]["message"]["content"]
        quoted, answer = content[:content.index('{"results"')], content[content.index('{"results"'):]
        self.assertEqual(quoted, f"Post 2 reads: {{a}}.\nPost 3 reads: {texts[2]}.\n")
        results = json.loads(answer)["results"]
        self.assertEqual(results[0]["topics"], ["echo-" + fnv("plain")])
        self.assertEqual(results[2:], [{"id": 3, "x": 1}, {"id": 7}])

    def test_answers_are_spoilt_in_each_way(self):
        texts = ["a", "b", "c", "d"]
        self.script({"reorder": True})
        self.assertEqual([r["id"] for r in self.results(*texts)], [4, 3, 2, 1])
        self.script({"drop": 1, "drop_text": "b"})
        self.assertEqual([r["id"] for r in self.results(*texts)], [1, 3])
        self.script({"duplicate": 2, "invent": 1})
        self.assertEqual([r["id"] for r in self.results(*texts)], [1, 2, 3, 4, 1, 2, 1000000])
        self.script({"invalid": "label"})
        self.assertEqual([r["sentiment"] == "furious" for r in self.results(*texts)],
                         [True, False, True, False])
        self.script({"invalid": "huge"})
        self.assertIn(b"50.9e62554", self.call(*texts)[1])
        self.script({"usage": {"prompt_tokens": -1}})
        self.assertEqual(json.loads(self.call(*texts)[1])["usage"], {"prompt_tokens": -1})
        self.script({"truncate": 30, "finish_reason": "length"})
        choice = json.loads(self.call(*texts)[1])["choices"][0]
        self.assertEqual((len(choice["message"]["content"]), choice["finish_reason"]),
                         (30, "length"))
        self.script({"prose": True, "omit_usage": True})
        completion = json.loads(self.call(*texts)[1])
        self.assertTrue(completion["choices"][0]["message"]["content"].startswith("Sure!"))
        self.assertNotIn("usage", completion)
        self.script({"null_content": True})
        self.assertIsNone(json.loads(self.call("a")[1])["choices"][0]["message"]["content"])
        self.script({"bad_utf8": True})
        with self.assertRaises(UnicodeDecodeError):
            self.call("a")[1].decode()

    def test_a_hostile_model_does_all_at_its_rates_and_the_same_for_the_same_seed(self):
        texts = [f"post {i}" for i in range(400)]

        def ask(seed, **rates):
            rules = {"seed": seed, "rules": [{"when": {}, "then": {"hostile": rates}}]}
            self.assertEqual(self.ask("POST", "/control/script", json.dumps(rules))[0].status, 200)
            return self.call(*texts)[1]

        def results(body):
            return json.loads(json.loads(body)["choices"][0]["message"]["content"])["results"]

        self.assertEqual([r["id"] for r in results(ask(1))], list(range(1, 401)))
        for rates, low, high in (({"drop": 0.3}, 240, 320), ({"duplicate": 0.3}, 480, 560),
                                 ({"invent": 0.3}, 480, 560), ({"drop": 1}, 0, 0)):
            self.assertTrue(low <= len(results(ask(2, **rates))) <= high, rates)
        wrong = ask(3, wrong=0.3)
        self.assertIn(b"50.9e62554", wrong)
        self.assertTrue(10 < wrong.count(b"furious") < 60)
        ids = [r["id"] for r in results(ask(4, reorder=1))]
        self.assertTrue(ids != sorted(ids) and sorted(ids) == list(range(1, 401)))
        with self.assertRaises(UnicodeDecodeError):
            ask(5, bad_utf8=0.3).decode()
        with self.assertRaises(json.JSONDecodeError):
            results(ask(6, truncate=1))
        content = json.loads(ask(7, prose=1))["choices"][0]["message"]["content"]
        self.assertTrue(content.startswith("Here {are}"))
        every = {name: 0.3 for name in ("drop", "wrong", "duplicate", "invent", "bad_utf8",
                                        "reorder", "prose", "truncate")}
        self.assertEqual(ask(8, **every).split(b'"choices"')[1], ask(8, **every).split(b'"choices"')[1])
        self.assertNotEqual(ask(8, **every).split(b'"choices"')[1],
                            ask(9, **every).split(b'"choices"')[1])

    def test_connections_break_as_scripted(self):
        self.script({"end": "reset"})
        with self.assertRaises(ConnectionResetError):
            self.call("x")
        self.script({"end": "close"})
        with self.assertRaises(http.client.RemoteDisconnected):
            self.call("x")
        self.script({"end": "hang"})
        with self.assertRaises(TimeoutError):
            self.call("x", timeout=0.2)
        self.eventually(lambda: self.stats()["dropped"] == 1)
        stats = self.stats()
        self.assertEqual((stats["broken"], stats["in_flight"]), (2, 0))

    def test_a_drip_takes_its_time_and_arrives_whole(self):
        length = len(self.call("x")[1])
        self.script({"drip": length * 2})
        began = time.monotonic()
        answer, body = self.call("x")
        self.assertEqual(len(body), length)
        self.assertGreater(time.monotonic() - began, 0.3)

    def test_delays_are_kept(self):
        self.script({"delay_ms": 300})
        began = time.monotonic()
        self.assertEqual(self.call("x")[0].status, 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_calls_are_held_until_the_next_script_and_counted_by_user(self):
        self.script({"hold": True})
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            calls = [pool.submit(self.call, "x", user="ann" if i < 4 else "bob")
                     for i in range(6)]
            self.eventually(lambda: self.stats()["in_flight"] == 6)
            self.assertFalse(any(call.done() for call in calls))
            self.script({})
            self.assertEqual({call.result()[0].status for call in calls}, {200})
        self.eventually(lambda: self.stats()["answered"] == 6)
        stats = self.stats()
        self.assertEqual((stats["requests"], stats["posts"], stats["in_flight"],
                          stats["peak_in_flight"], stats["answered"]), (6, 6, 0, 6, 6))
        self.assertEqual(stats["users"]["ann"], {"requests": 4, "in_flight": 0, "peak": 4})
        self.assertEqual(stats["users"]["bob"], {"requests": 2, "in_flight": 0, "peak": 2})

    def test_different_delays_end_in_their_own_order(self):
        delays_ms = (2000, 10, 1000)
        rules = [{"when": {"text": f"{ms} ms"}, "then": {"delay_ms": ms}} for ms in delays_ms]
        self.ask("POST", "/control/script", json.dumps({"rules": rules}))
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda ms: self.call(f"{ms} ms"), delays_ms))
        self.eventually(lambda: len(self.log.readlines()) == 3 or self.log.seek(0))
        self.log.seek(0)
        self.assertEqual([json.loads(line)["rule"] for line in self.log], [1, 2, 0])

    def test_a_client_that_goes_away_ends_its_call(self):
        self.script({"delay_ms": 60000})
        first = self.open_call()
        self.eventually(lambda: self.stats()["in_flight"] == 1)
        first.close()
        second = self.open_call()
        self.eventually(lambda: self.stats()["requests"] == 2)
        stats = self.stats()
        self.assertEqual((stats["in_flight"], stats["peak_in_flight"], stats["dropped"]), (1, 1, 1))
        second.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        second.close()
        self.eventually(lambda: self.stats()["in_flight"] == 0)

    def call_at(self, endpoint, *texts, user="u"):
        return self.ask("POST", f"/{endpoint}/v1/chat/completions", question(*texts),
                        {"X-User": user})

    def test_endpoints_are_told_apart_by_their_path(self):
        rules = {"rules": [{"when": {"endpoint": "spare"}, "then": {"status": 503}}]}
        self.ask("POST", "/control/script", json.dumps(rules))
        self.assertEqual(self.call_at("main", "x", user="ann")[0].status, 200)
        self.assertEqual(self.call_at("spare", "x", user="bob")[0].status, 503)
        self.assertEqual(self.call("x")[0].status, 200)
        self.assertEqual(self.ask("GET", "/main/v1/models")[0].status, 200)
        self.assertEqual(self.call_at("a" * 33, "x")[0].status, 404)
        self.assertEqual(self.call_at("a/b", "x")[0].status, 404)
        stats = self.stats()
        self.assertEqual(stats["requests"], 3)
        self.assertEqual({name: (of["requests"], of["peak_in_flight"], of["minute"]["calls"],
                                 list(of["users"]))
                          for name, of in stats["endpoints"].items()},
                         {"main": (1, 1, 1, ["ann"]), "spare": (1, 1, 1, ["bob"]),
                          "": (1, 1, 1, ["u"])})
        self.assertGreater(stats["endpoints"]["main"]["minute"]["tokens"], 10)
        self.assertEqual(stats["endpoints"]["spare"]["minute"]["tokens"], 0)

    def test_calls_are_dumped_with_their_times_and_tokens(self):
        self.call_at("main", "x")
        time.sleep(0.05)
        self.call_at("main", "x")
        calls = json.loads(self.ask("GET", "/control/calls")[1])
        (first, tokens), (second, _) = calls["main"]
        self.assertGreaterEqual(second - first, 50)
        self.assertGreater(tokens, 10)
        self.ask("POST", "/control/reset")
        self.assertEqual(json.loads(self.ask("GET", "/control/calls")[1]), {"main": []})

    def test_calls_beyond_a_limit_are_refused_as_providers_do(self):
        script = {"rules": [], "limits": [{"endpoint": "main", "requests_per_minute": 2}]}
        self.ask("POST", "/control/script", json.dumps(script))
        answer, _ = self.call_at("main", "x")
        self.assertEqual((answer.status, answer.headers["x-ratelimit-limit-requests"],
                          answer.headers["x-ratelimit-remaining-requests"]), (200, "2", "1"))
        self.assertEqual(self.call_at("main", "x")[0].status, 200)
        answer, body = self.call_at("main", "x")
        self.assertEqual((answer.status, answer.headers["x-ratelimit-remaining-requests"]),
                         (429, "0"))
        self.assertEqual(json.loads(body)["error"]["code"], "rate_limit_exceeded")
        self.assertTrue(50 < int(answer.headers["retry-after"]) <= 60)
        self.assertTrue(answer.headers["x-ratelimit-reset-requests"].endswith("ms"))
        self.assertEqual(self.call_at("spare", "x")[0].status, 200)
        main = self.stats()["endpoints"]["main"]
        self.assertEqual((main["limited"], main["minute"]["calls"]), (1, 3))

    def test_calls_beyond_a_limit_of_tokens_are_refused(self):
        used = json.loads(self.call_at("main", "x")[1])["usage"]["total_tokens"]
        self.ask("POST", "/control/reset")
        script = {"rules": [], "limits": [{"endpoint": "main", "tokens_per_minute": 2 * used}]}
        self.ask("POST", "/control/script", json.dumps(script))
        statuses = [self.call_at("main", "x")[0].status for _ in range(3)]
        self.assertEqual(statuses, [200, 200, 429])
        self.assertEqual(self.stats()["endpoints"]["main"]["minute"]["tokens"], 2 * used)

    def test_reset_forgets_counts_and_rules_but_not_what_runs(self):
        self.script({"delay_ms": 60000})
        running = self.open_call(user="ann")
        self.eventually(lambda: self.stats()["in_flight"] == 1)
        self.ask("POST", "/control/reset")
        stats = self.stats()
        self.assertEqual((stats["requests"], stats["in_flight"], stats["peak_in_flight"]),
                         (0, 1, 1))
        self.assertEqual(stats["users"]["ann"], {"requests": 0, "in_flight": 1, "peak": 1})
        self.assertEqual(self.call("x")[0].status, 200)
        running.close()

    def test_requests_in_a_row_are_answered_in_order_on_one_connection(self):
        connection = self.open_call("one")
        for text in ("two", "three"):
            body = question(text).encode()
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: "
                               + str(len(body)).encode() + b"\r\n\r\n" + body)
        received = b""
        while received.count(b"\"total_tokens\"") < 3:
            received += connection.recv(65536)
        places = [received.index(fnv(text).encode()) for text in ("one", "two", "three")]
        self.assertEqual(places, sorted(places))
        connection.close()

    def test_the_log_has_a_line_for_each_call(self):
        self.call("a", "b", user="ann")
        self.eventually(lambda: len(self.log.readlines()) == 1 or self.log.seek(0))
        self.log.seek(0)
        line = json.loads(self.log.readline())
        self.assertEqual((line["user"], line["endpoint"], line["posts"], line["rule"], line["end"]),
                         ("ann", "", [fnv("a"), fnv("b")], -1, "answered"))


class FakeModelWithKey(FakeModel):
    options = ("--api-key", "secret", "--delay-ms", "50")

    def call(self, *texts, user="u", timeout=60):
        return self.ask("POST", "/v1/chat/completions", question(*texts),
                        {"X-User": user, "Authorization": "Bearer secret"}, timeout)

    def test_the_key_is_demanded(self):
        self.assertEqual(self.ask("GET", "/v1/models")[0].status, 401)
        began = time.monotonic()
        self.assertEqual(self.call("x")[0].status, 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.05)


class CommandLine(unittest.TestCase):
    def test_a_bad_script_is_refused_by_name(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as script:
            script.write('{"rules":[{"then":{"dely_ms":1}}]}')
            script.flush()
            ended = subprocess.run([PROGRAM, "--script", script.name], capture_output=True,
                                   text=True, timeout=60)
        self.assertEqual(ended.returncode, 1)
        self.assertIn(os.path.basename(script.name), ended.stderr)
        self.assertIn("dely_ms", ended.stderr)


if __name__ == "__main__":
    # of the second class only what it adds
    suite = unittest.TestSuite([
        unittest.defaultTestLoader.loadTestsFromTestCase(FakeModel),
        FakeModelWithKey("test_the_key_is_demanded"),
        unittest.defaultTestLoader.loadTestsFromTestCase(CommandLine),
    ])
    outcome = unittest.TextTestRunner().run(suite)
    sys.exit(not outcome.wasSuccessful())
