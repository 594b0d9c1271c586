"""fuzz.py FOLDER REPORT.xml: runs each fuzzer of FOLDER/fuzz, as many at a time as there are cores.

Each runs for FUZZ_SECONDS (5) from the seeds and the corpus that earlier runs have left in FOLDER.
What one found is printed; the report is JUnit's.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

SECONDS = os.environ.get("FUZZ_SECONDS", "5")


def run(fuzzer, folder):
    """What it found; "" = nothing."""
    places = [folder / kind / fuzzer.name for kind in ("corpus", "seeds")]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(
        [fuzzer, f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=65536",
         f"-artifact_prefix={folder}/{fuzzer.name}-", *places],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = ended.stdout.decode("utf-8", "replace")
    if ended.returncode == 0:
        return ""
    lines = [line for line in said.splitlines() if not re.match(r"#[0-9]+", line)]
    return "\n".join([f"{fuzzer.name} ended with {ended.returncode}:", *lines[:40]])


def main():
    folder, report = map(pathlib.Path, sys.argv[1:])
    fuzzers = sorted((folder / "fuzz").glob("*_fuzz"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda fuzzer: run(fuzzer, folder), fuzzers))
    suite = xml.Element("testsuite", name="fuzzers")
    for fuzzer, fault in zip(fuzzers, found):
        case = xml.SubElement(suite, "testcase", classname="fuzz", name=fuzzer.name)
        if fault:
            print(fault)
            xml.SubElement(case, "failure", message=fuzzer.name)
    report.parent.mkdir(parents=True, exist_ok=True)
    xml.ElementTree(suite).write(report)
    print(f"{len(fuzzers)} fuzzers, {SECONDS} s each, {len(list(filter(None, found)))} found something")
    return 1 if not fuzzers or any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
