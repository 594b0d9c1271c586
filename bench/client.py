"""Who submits and waits: one connection to the gateway, kept open as long as the gateway keeps it."""

import http.client
import itertools
import json

JOBS = itertools.count()  # of all clients: next() is one step


class Client:
    def __init__(self, fleet):
        self.address = ("127.0.0.1", fleet.http_port)
        self.key = fleet.api_key
        self.connection = http.client.HTTPConnection(*self.address, timeout=60)

    def send(self, method, path, document=None, **headers):
        headers["Authorization"] = f"Bearer {self.key}"
        body = None
        if document is not None:
            body = json.dumps(document).encode()
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()}")
        return json.loads(content)

    def submit(self, user, posts, chunk_size=None):
        """Posts numbered from 0 that nobody has submitted before; answers the job's id."""
        mark = next(JOBS)
        return self.submit_texts(
            user, [f"user {user} finds post {i} rather good, {mark}" for i in range(posts)],
            chunk_size)

    def submit_texts(self, user, texts, chunk_size=None):
        document = {"user": user,
                    "posts": [{"id": str(i), "text": text} for i, text in enumerate(texts)]}
        if chunk_size:
            document["chunk_size"] = chunk_size
        return self.send("POST", "/v1/jobs", document)["id"]

    def until_over(self, job_id):
        """Follows the job's events; returns as soon as its last one is heard."""
        stream = http.client.HTTPConnection(*self.address, timeout=60)
        stream.request("GET", f"/v1/jobs/{job_id}/events", headers={
            "Authorization": f"Bearer {self.key}", "Accept": "text/event-stream"})
        answer = stream.getresponse()
        for line in answer:
            if line.startswith(b"data:") and json.loads(line[5:])["state"] == "completed":
                break
        stream.close()
