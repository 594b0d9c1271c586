"""The HTTP API as a patient client sees it: what may be repeated is repeated, by its key."""

import json
import time
import uuid

import requests

OVER = ("completed", "failed", "cancelled", "expired")


class Refused(Exception):
    """An answer that is no success; `problem` is its body."""

    def __init__(self, answer):
        try:
            self.problem = answer.json()
        except ValueError:
            self.problem = {"detail": answer.text}
        self.status = answer.status_code
        super().__init__(f"{self.status}: {self.problem}")


class Api:
    def __init__(self, url, key):
        self.url = url
        self.session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=64)
        self.session.mount("http://", adapter)
        self.session.headers["Authorization"] = f"Bearer {key}"

    def send(self, method, path, seconds=60, **arguments):
        """Repeats 429, 503 and what got no answer until the time is up."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self.session.request(method, self.url + path, timeout=60, **arguments)
                if answer.status_code not in (429, 503):
                    return answer
            except requests.RequestException:
                answer = None
            if time.monotonic() > deadline:
                if answer is None:
                    raise TimeoutError(f"no answer to {method} {path} within {seconds} s")
                raise Refused(answer)
            wanted = float(answer.headers.get("Retry-After", 0.1)) if answer is not None else 0.1
            time.sleep(min(wanted, 1.0))

    def submit(self, user, posts, key=None, seconds=60, **fields):
        """The job's document after its 202."""
        answer = self.send("POST", "/v1/jobs", seconds,
                           data=json.dumps({"user": user, "posts": posts, **fields}),
                           headers={"Content-Type": "application/json",
                                    "Idempotency-Key": key or str(uuid.uuid4())})
        if answer.status_code != 202:
            raise Refused(answer)
        return answer.json()

    def get(self, path, seconds=60, **headers):
        answer = self.send("GET", path, seconds, headers=headers)
        if answer.status_code != 200:
            raise Refused(answer)
        return answer

    def job(self, job_id, seconds=60):
        return self.get(f"/v1/jobs/{job_id}", seconds).json()

    def cancel(self, job_id):
        answer = self.send("POST", f"/v1/jobs/{job_id}/cancel")
        if answer.status_code not in (200, 202):
            raise Refused(answer)
        return answer.json()

    def results(self, job_id):
        """All results, page by page."""
        found, cursor = [], None
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            page = self.get(f"/v1/jobs/{job_id}/results?limit=500{more}").json()
            found += page["results"]
            cursor = page.get("next_cursor")
            if not cursor:
                return found

    def provenances(self, job_id):
        """Who made its results, each of them once."""
        return {result["provenance"] for result in self.results(job_id)}

    def wait(self, job_id, seconds=90):
        """The job's document once it is over."""
        deadline = time.monotonic() + seconds
        while True:
            job = self.job(job_id, seconds)
            if job["state"] in OVER:
                return job
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} is not over within {seconds} s: {job}")
            time.sleep(0.05)

    def events(self, job_id, last_id=None, seconds=60, names=("message",),
               revisions=False):
        """The events of a job as (id, document) while they come; ends with the stream. Those named
        `waiting` come only if `names` has them, with the id of the event before."""
        headers = {"Accept": "text/event-stream"}
        query = "?revisions=true" if revisions else ""
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        with self.session.get(f"{self.url}/v1/jobs/{job_id}/events{query}", headers=headers,
                              stream=True, timeout=seconds) as answer:
            if answer.status_code != 200:
                raise Refused(answer)
            number, data, name = None, [], "message"
            deadline = time.monotonic() + 2 * seconds  # pings keep a silent stream alive
            for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the events of {job_id} do not end")
                if line.startswith("id:"):
                    number = int(line[3:])
                elif line.startswith("event:"):
                    name = line[6:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].strip())
                elif not line and data:
                    if name in names:
                        yield number, json.loads("\n".join(data))
                    data, name = [], "message"
