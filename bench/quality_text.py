"""Hashtags, mentions, cashtags and links: against twitter-text's own cases and X's own payloads."""

import json
import re
import subprocess

try:
    import yaml
except ImportError:  # python3-yaml
    yaml = None

# A section of extract.yml -> where its answer stands in a result, and the names of its members.
PLAIN = {"mentions": "mentions", "urls": "urls", "tco_urls_with_params": "urls",
         "hashtags": "hashtags", "hashtags_from_astral": "hashtags", "cashtags": "cashtags"}
PLACED = {"mentions_with_indices": ("mentions", "screen_name"), "urls_with_indices": ("urls", "url"),
          "urls_with_directional_markers": ("urls", "url"),
          "hashtags_with_indices": ("hashtags", "hashtag"),
          "cashtags_with_indices": ("cashtags", "cashtag")}


def _answer(section, result):
    entities = result["entities"] if result else {}
    if section in PLAIN:
        return [entity["text"] for entity in entities.get(PLAIN[section], [])]
    kind, name = PLACED[section]
    return [{name: entity["text"], "indices": entity["indices"]} for entity in entities.get(kind, [])]


def _by_command(engine):
    """(passed, cases) of what `tweetpulse analyze` itself shows, by section; told by another reader."""
    path = engine.data / "twitter-text" / "extract.yml"
    tests = yaml.safe_load(path.read_text(encoding="utf-8"))["tests"] if yaml else {}
    found = {}
    for section, cases in tests.items():
        if section in PLAIN or section in PLACED:
            results = engine.analyze([case["text"] for case in cases])
            found[section] = (sum(_answer(section, result) == (case["expected"] or [])
                                  for case, result in zip(cases, results)), len(cases))
    return found


COUNTED = re.compile(r"^(\w+\.yml), (\w+): (\d+) of (\d+)$")


def conformance(engine):
    program = engine.program("embedded_text_twitter_text_test")
    if program is None or not (engine.data / "twitter-text").exists():
        return ["left out: " + ("embedded_text_twitter_text_test is not built" if program is None
                                else f"no {engine.data / 'twitter-text'}")], [], []
    done = subprocess.run([program], capture_output=True, text=True, check=False, cwd=engine.root)
    counted = filter(None, map(COUNTED.match, (done.stdout + done.stderr).splitlines()))
    rows, by_command = [], _by_command(engine)
    for name, section, passed, cases in (match.groups() for match in counted):
        shown = by_command.get(section, ()) if name == "extract.yml" else ()
        rows.append((f"{name} {section}", passed, cases, *shown[:1]))
    total = ("in all", sum(int(row[1]) for row in rows), sum(int(row[2]) for row in rows),
             f"{sum(row[3] for row in rows if len(row) > 3)} of {sum(n for _, n in by_command.values())}")
    return (["all shared cases of twitter-text; nothing is learned. embedded_text_twitter_text_test asks the"
             " library;", "the last column asks `tweetpulse analyze`, for what that shows"],
            [("section", "passed", "of", "by analyze"), *rows, total], [])


def _posts_of(line):
    try:
        document = json.loads(line)
    except ValueError:
        return []  # a stream that was cut off
    data = document.get("data", document)
    return data if isinstance(data, list) else [data]


def _told(post):
    """The text and what X says stands in it, by kind: {(start, end)}."""
    entities = post.get("entities") or {}
    text = post.get("text")
    if text is None or "retweeted_status" in post or post.get("truncated"):
        return None
    places = {}
    for kind, names in {"hashtags": ("hashtags",), "cashtags": ("cashtags", "symbols"),
                        "mentions": ("mentions", "user_mentions"), "urls": ("urls", "media")}.items():
        places[kind] = {tuple(entity.get("indices") or (entity.get("start"), entity.get("end")))
                        for name in names for entity in entities.get(name) or []}
    return text, places


def as_x_tells(engine):
    folder = engine.data / "x-payloads"
    told = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            told += filter(None, map(_told, _posts_of(line)))
    if not told:
        return [f"left out: no {folder}"], [], []
    results = engine.analyze([text for text, _ in told])
    rows = []
    for kind in ("hashtags", "mentions", "cashtags", "urls"):
        right = found = there = 0
        for (_, places), result in zip(told, results):
            ours = {tuple(entity["indices"]) for entity in (result or {"entities": {}})["entities"].get(kind, [])}
            right += len(ours & places[kind])
            found += len(ours)
            there += len(places[kind])
        rows.append((kind, right, found, there))
    return ([f"{len(told)} posts of recorded payloads; right = the very same start and end"],
            [("kind", "right", "found", "told by X"), *rows],
            ["X tells entities of accounts and tags that exist; ours are those that the text allows"])
