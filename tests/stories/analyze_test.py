"""The embedded analysis over files, with no service: `tweetpulse analyze`."""

import json
import pathlib
import subprocess

import pytest

from conftest import ROOT

MEMBERS = ["id", "sentiment", "entities", "keywords", "topics", "language", "provenance", "version"]
HOSTILE = {
    "bytes that are no UTF-8": b"fine\n\xff\xfe\x80broken\nfine too\n",
    "NUL": b"fine\nhe\0llo\nfine too\n",
    "a line of 2 MB": b"fine\n" + b"x" * (2 << 20) + b"\nfine too\n",
}


@pytest.fixture
def analyze(binaries, tmp_path):
    """Runs it with nothing around it: no configuration, no service."""
    def run(*arguments, stdin=b"", code=0):
        done = subprocess.run([pathlib.Path(binaries) / "tweetpulse", "analyze", *map(str, arguments)],
                              input=stdin, capture_output=True, env={"HOME": str(tmp_path)},
                              timeout=240, check=False)
        assert done.returncode == code, done.stderr
        return [json.loads(line) for line in done.stdout.decode().splitlines()], done.stderr.decode()
    return run


@pytest.mark.parametrize("name, count", [("posts.jsonl", 300), ("posts.csv", 12), ("posts.txt", 10)])
def test_the_samples_are_analysed_in_every_format(analyze, name, count):
    results, _ = analyze(ROOT / "samples" / name)
    assert len(results) == count and len({result["id"] for result in results}) == count
    for result in results:
        assert list(result) == MEMBERS
        sentiment = result["sentiment"]
        assert sentiment["label"] in ("negative", "neutral", "positive")
        assert -1 <= sentiment["score"] <= 1 and 0 <= sentiment["confidence"] <= 1
        assert set(result["entities"]) == {"hashtags", "mentions", "cashtags", "urls", "names"}
        assert result["provenance"] == "embedded"


def test_indices_count_code_points_of_the_text_as_submitted(analyze):
    text = "🎉🎉 &amp; José ❤️ #añoNuevo @nora_bakes $TSLA https://example.com/ü now"
    [result], _ = analyze("-", stdin=json.dumps({"id": "1", "text": text}).encode())
    for kind, sign in (("hashtags", "#"), ("mentions", "@"), ("cashtags", "$"), ("urls", "")):
        [entity] = result["entities"][kind]
        start, end = entity["indices"]
        assert text[start:end] == sign + entity["text"]


def test_the_same_file_gives_the_same_bytes(analyze):
    path = ROOT / "samples/posts.jsonl"
    assert analyze(path)[0] == analyze("-", stdin=path.read_bytes())[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_line_is_named_and_the_rest_goes_on(analyze, name):
    results, said = analyze("-", "--format", "text", stdin=HOSTILE[name], code=1)
    assert [result["id"] for result in results] == ["1", "3"]
    assert "line 2 is no post" in said and "line 3" not in said


def test_bad_json_lines_are_named_with_their_reason(analyze):
    lines = b'{"id":"a","text":\n{"id":"b"}\n{"id":"c","text":""}\n{"id":"d","text":"ok"}\n[1,2'
    results, said = analyze("-", stdin=lines, code=1)
    assert [result["id"] for result in results] == ["d"]
    for number, reason in ((1, "not valid JSON"), (2, 'no member "text"'), (3, "is empty"),
                           (5, "not valid JSON")):
        assert any(f"line {number} is no post" in line and reason in line
                   for line in said.splitlines())


def test_an_open_quote_of_a_table_is_named_and_takes_one_row(analyze, tmp_path):
    rows = [f"{i},post {i}" for i in range(1, 300)]
    rows[4] = '5,"never closed'
    (tmp_path / "posts.csv").write_text("id,text\n" + "\n".join(rows), encoding="utf-8")
    results, said = analyze(tmp_path / "posts.csv", code=1)
    assert [result["id"] for result in results] == [str(i) for i in range(1, 300) if i != 5]
    assert "line 6 is no post: the quote that begins in line 6 is not closed" in said


def test_what_a_file_is_taken_for_is_told(analyze, tmp_path):
    (tmp_path / "posts.txt").write_text("Post, of my life\n[breaking] news\n", encoding="utf-8")
    results, said = analyze(tmp_path / "posts.txt")
    assert len(results) == 2 and "posts.txt: read as plain text" in said
    assert "read as" not in analyze(tmp_path / "posts.txt", "--quiet")[1]
    results, said = analyze("-", "--no-header", "--text-column", 2, stdin=b"7;one\n8;two\n")
    assert len(results) == 2 and "read as CSV with semicolons" in said


def test_an_empty_file_has_no_posts_and_is_no_failure(analyze):
    assert analyze("-")[0] == []


def test_topics_of_ones_own_take_the_place_of_the_built_in_ones(analyze, tmp_path):
    topics = tmp_path / "topics.json"
    line = b'{"id":"1","text":"The server is DOWN again, no coffee"}'
    topics.write_text('{"outage": ["down"], "drinks": ["coffee"]}', encoding="utf-8")
    [result], _ = analyze("-", "--topics", topics, stdin=line)
    assert result["topics"] == ["outage", "drinks"]
    topics.write_text('{"acme": {"outage": ["down"]}, "zeta": {"tea": ["tea"]}}', encoding="utf-8")
    assert analyze("-", "--topics", topics, "--tenant", "acme", stdin=line)[0][0]["topics"] == ["outage"]
    assert "--tenant" in analyze("-", "--topics", topics, stdin=line, code=2)[1]
    analyze("-", "--topics", topics, "--tenant", "nobody", stdin=line, code=2)
    topics.write_text("{}", encoding="utf-8")
    assert "names no topics" in analyze("-", "--topics", topics, stdin=line, code=2)[1]
    topics.write_text('{"outage": [7]}', encoding="utf-8")
    assert "outage" in analyze("-", "--topics", topics, stdin=line, code=2)[1]


def test_what_cannot_be_read_is_told_by_the_exit_code(analyze, tmp_path):
    analyze(tmp_path / "absent.jsonl", code=4)
    analyze(tmp_path, code=2)
    analyze("-", stdin=b"\xff\xfea\0", code=2)
    analyze(code=2)
    (tmp_path / "no.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "--text-column" in (said := analyze(tmp_path / "no.csv", code=2)[1]) and ": a, b" in said


def test_output_that_cannot_be_written_is_a_failure(binaries):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([pathlib.Path(binaries) / "tweetpulse", "analyze",
                               ROOT / "samples/posts.jsonl"], stdout=full, stderr=subprocess.PIPE,
                              timeout=240, check=False)
    assert done.returncode == 1 and b"cannot be written" in done.stderr
