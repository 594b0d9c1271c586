"""Languages: our own samples, what is surely English, and texts that others wrote."""

import os
import pathlib
import random

# Of Debian: apt-get install fortunes-de fortunes-es fortunes-it fortunes-pl fortunes-br fortunes-ru
FORTUNES = pathlib.Path(os.environ.get("TP_FORTUNES", "/usr/share/games/fortunes"))
FILES = {"de": ("de/*",), "es": ("es/*",), "it": ("it/*", "italia"), "pl": ("pl/*",),
         "pt": ("brasil",), "ru": ("ru/*",)}
SEED, MOST, SHORTEST, LONGEST = 1, 1000, 40, 280


def _fortunes(language):
    """As many sayings in a language as there are, of the length of posts."""
    texts = []
    for pattern in FILES[language]:
        for path in sorted(FORTUNES.glob(pattern)):
            if path.suffix in (".u8", ".dat") or not path.is_file() or path.is_symlink():
                continue
            try:
                texts += [text.strip() for text in path.read_text(encoding="utf-8").split("\n%\n")]
            except UnicodeDecodeError:
                continue
    texts = [text for text in texts if SHORTEST <= len(text) <= LONGEST]
    random.Random(SEED).shuffle(texts)
    return [(language, text) for text in texts[:MOST]]


def _sets(engine):
    """(what, [(language, text)])."""
    yield "samples/posts.jsonl, written for this project", [
        (post["lang"], post["text"]) for post in engine.read_samples() if post.get("lang")]
    for name in ("vader-tweets", "tweeteval-sentiment"):
        yield f"{name}, as if all were English", [("en", post["text"])
                                                  for post in engine.read(f"{name}.jsonl")]
    for code in FILES:
        yield f"Debian's fortunes in {code}, {SHORTEST} to {LONGEST} characters", _fortunes(code)


def language(engine):
    rows, missed = [], {}
    for what, posts in _sets(engine):
        if not posts:
            rows.append((what, "absent"))
            continue
        results = engine.analyze([text for _, text in posts])
        found = [result["language"] if result else "und" for result in results]
        for (told, _), ours in zip(posts, found):
            if told != ours:
                missed[(told, ours)] = missed.get((told, ours), 0) + 1
        right = sum(told == ours for (told, _), ours in zip(posts, found))
        rows.append((what, len(posts), len({told for told, _ in posts}), f"{right / len(posts):.3f}"))
    often = sorted(missed.items(), key=lambda item: -item[1])[:8]
    return (["the share of posts whose language is found; und counts as wrong", f"seed {SEED}"],
            [("posts", "number", "languages", "right"), *rows],
            ["most often wrong: " + ", ".join(f"{told} as {ours} {n}" for (told, ours), n in often)])
