#!/usr/bin/python3
"""settings.py BINARIES [--write]: are the settings in docs/operating.md those of the programs?

Between `<!-- settings: NAME -->` and `<!-- end -->` stands the table of the program NAME, made from
its --describe-settings; under the name `every` the settings that all of them have, which the others
leave out. --write puts the tables there.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACE = re.compile(r"(<!-- settings: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
SERVICES = ("gateway", "scheduler", "analyzer", "store", "monitor")


def default_of(row):
    if row.get("default") is None:
        return "required"
    if row["default"] == "":
        return "empty"
    return f"`{row['default']}`"


def rows_of(binaries, name):
    done = subprocess.run([binaries / name, "--describe-settings"], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)


def tables(binaries):
    """Name of the table -> its Markdown."""
    rows = {name: rows_of(binaries, name) for name in SERVICES}
    shared = set.intersection(*({row["name"] for row in rows[name]} for name in SERVICES))
    chosen = {name: [row for row in rows[name] if row["name"] not in shared] for name in SERVICES}
    chosen["every"] = [row for row in rows[SERVICES[0]] if row["name"] in shared]
    head = ["| setting | default | meaning |", "|---|---|---|"]
    return {
        name: "\n".join(head + [f"| `{row['name']}` | {default_of(row)} | {row['help']} |"
                                for row in table]) + "\n"
        for name, table in chosen.items()
    }


def main():
    binaries = pathlib.Path(sys.argv[1]).resolve()
    page = ROOT / "docs/operating.md"
    if not page.exists():
        print("docs/operating.md is not there")
        return 75
    text = page.read_text(encoding="utf-8")
    told = [match.group(2) for match in PLACE.finditer(text)]
    wanted_tables = tables(binaries)
    missing = [name for name in wanted_tables if name not in told]
    if missing:
        print(f"docs/operating.md has no table of settings for: {', '.join(missing)}")
        return 1
    wanted = PLACE.sub(lambda match: match[1] + wanted_tables[match[2]] + match[4], text)
    if wanted == text:
        return 0
    if "--write" in sys.argv:
        page.write_text(wanted, encoding="utf-8")
        return 0
    print("docs/operating.md tells other settings than the programs: "
          "dev/checks/settings.py build/asan/bin --write puts it right")
    return 1


if __name__ == "__main__":
    sys.exit(main())
