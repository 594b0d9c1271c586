"""count.py REPORT.xml...: one line, "N passed, N failed", over JUnit reports.

A report that is missing or holds no test is a failure itself. What was skipped is told, not counted.
"""

import pathlib
import sys
import xml.etree.ElementTree


def count(path):
    """(passed, failed, skipped) of one report."""
    if not pathlib.Path(path).exists():
        print(f"no report: {path}")
        return 0, 1, 0
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None or \
                case.get("status") == "fail":
            failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
        else:
            passed += 1
    if passed + failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    passed, failed, skipped = (sum(column) for column in zip(*map(count, sys.argv[1:])))
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
