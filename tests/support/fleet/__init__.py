"""A whole TweetPulse on this machine: broker, databases, the five services, a pretended LLM.

    with Fleet(binaries="build/release/bin") as fleet:
        fleet.url, fleet.api_key            # where to talk to it
        fleet.services["store"].kill()      # kill -9, SIGSTOP, SIGCONT, SIGTERM, start again
        fleet.database.query("select 1")

Everything listens on free ports of 127.0.0.1 and lives in one private folder. Nothing is awaited
by sleeping: every step has a condition and a deadline. Only own processes are ended, by their pid.
`python3 -m fleet up|down` is what dev/up and dev/down call.
"""

from .fleet import Fleet, Service, get
from .process import Process, free_port, wait_until
from .servers import Broker, Cache, Database

__all__ = [
    "Broker", "Cache", "Database", "Fleet", "Process", "Service", "free_port", "get", "wait_until",
]
