"""What was promised: every job that got its 202, and what must be true of it in the end."""

import threading

from api import OVER


def echo_of(text):
    """FNV-1a-64 of a text, as fake_llm puts it among the topics of that text's result."""
    number = 0xCBF29CE484222325
    for byte in text.encode():
        number = (number ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"echo-{number:016x}"


class Ledger:
    def __init__(self):
        self._lock = threading.Lock()
        self.jobs = {}  # job id: (user, {post id: text})

    def write(self, job_id, user, posts):
        with self._lock:
            known = self.jobs.get(job_id)
            entry = (user, {post["id"]: post["text"] for post in posts})
            assert known in (None, entry), f"job {job_id} was given out for two requests"
            self.jobs[job_id] = entry

    def check(self, api, seconds, is_echoed):
        """Every job is over, and every post has exactly one result, its own, or a reason."""
        for job_id, (user, posts) in self.jobs.items():
            job = api.wait(job_id, seconds)
            assert job["state"] in OVER
            assert job["user"] == user
            self._check_results(job, posts, api.results(job_id), is_echoed)

    @staticmethod
    def _check_results(job, posts, results, is_echoed):
        where = f"job {job['id']} ({job['state']})"
        ids = [result["post_id"] for result in results]
        assert len(ids) == len(set(ids)), f"{where}: a post has two results"
        assert set(ids) <= set(posts), f"{where}: a result of a post that is not its own"
        with_result = [result for result in results if "provenance" in result]
        with_reason = [result for result in results if "provenance" not in result]
        assert all(result.get("reason") for result in with_reason), f"{where}: neither nor"
        if job["state"] == "completed":
            missing = set(posts) - set(ids)
            assert not missing, f"{where}: {len(missing)} of {len(posts)} posts have no result"
        for result in with_result:
            is_of_model = result["provenance"] in ("llm", "repaired", "cache")
            if is_echoed and is_of_model and "topics" in job["tasks"]:
                wanted = echo_of(posts[result["post_id"]])
                assert wanted in result["topics"], f"{where}: {result['post_id']} has another's result"
        assert job["processed_posts"] == len(with_result), where
