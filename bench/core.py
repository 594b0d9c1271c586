"""What a decision of the scheduler's core costs, and a waiting job: the core alone, no fleet."""

import json
import pathlib
import subprocess


def core(binaries):
    """1,000 to 1,000,000 users who wait, two orders, one tenant and 100."""
    command = [pathlib.Path(binaries) / "scheduler_bench"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
