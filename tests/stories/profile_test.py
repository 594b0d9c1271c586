"""How an author writes, with no service: `tweetpulse profile`."""

import json
import pathlib
import random
import subprocess

import pytest

from conftest import ROOT

GARDEN = ("rain", "tomatoes", "compost", "seedlings", "a slug", "the bees", "roses", "the hedge")
MOOD = ("again", "at last", "this morning", "as promised", "for once", "before noon")


def garden_posts(count, seed=1):
    """Of one who gardens, on Mondays at seven."""
    chance = random.Random(seed)
    return [{"id": str(i), "created_at": f"2026-06-{1 + 7 * (i % 4):02}T07:{i % 60:02}:00Z",
             "text": f"So happy about {chance.choice(GARDEN)} and {chance.choice(GARDEN)}"
                     f" {chance.choice(MOOD)} 🌱 #garden" + (" Who else?" if i % 4 == 0 else "")}
            for i in range(count)]


@pytest.fixture
def profile(binaries, tmp_path):
    def run(*arguments, posts=(), code=0):
        lines = "".join(json.dumps(post) + "\n" for post in posts)
        done = subprocess.run([pathlib.Path(binaries) / "tweetpulse", "profile", *map(str, arguments)],
                              input=lines.encode(), capture_output=True, env={"HOME": str(tmp_path)},
                              timeout=240, check=False)
        assert done.returncode == code, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()
    return run


def test_a_profile_tells_how_an_author_writes(profile):
    [told], _ = profile("-", posts=garden_posts(100))
    assert told["posts"] == 100 and told["rhythm"]["dated"] == 100
    assert told["rhythm"]["hours"][7] == 100 and told["rhythm"]["weekdays"]["monday"] == 100
    assert told["structure"]["question"] == 0.25
    assert told["hashtags"]["top"] == [{"text": "garden", "count": 100}]
    assert told["emoji"]["top"][0] == {"text": "🌱", "count": 100}
    assert told["sentiment"]["positive"] > 0.9
    shortest, longest = (sorted(len(post["text"]) for post in garden_posts(100))[i] for i in (0, -1))
    assert (told["length"]["shortest"], told["length"]["longest"]) == (shortest, longest)


def test_new_posts_are_the_seeds_and_no_copies(profile):
    posts = garden_posts(200)
    new, _ = profile("-", "--generate", 20, "--seed", 5, posts=posts)
    assert len(new) == 20 and new == profile("-", "--generate", 20, "--seed", 5, posts=posts)[0]
    seeds = [post["seed"] for post in new]
    assert seeds == sorted(set(seeds)) and seeds[0] >= 5
    assert len({post["text"] for post in new}) == 20
    assert not {post["text"] for post in new} & {post["text"] for post in posts}
    assert all(0 <= post["confidence"] <= 1 for post in new)


def test_other_posts_of_the_author_fit_better_than_those_of_others(profile, tmp_path):
    asked = tmp_path / "asked.jsonl"
    asked.write_text("".join(json.dumps(post) + "\n" for post in garden_posts(20, seed=2)),
                     encoding="utf-8")
    own, _ = profile("-", "--fit", asked, posts=garden_posts(200))
    others, _ = profile("-", "--fit", ROOT / "samples/posts.txt", posts=garden_posts(200))
    assert min(post["confidence"] for post in own) > max(post["confidence"] for post in others)


def test_the_other_file_is_read_by_the_same_options(profile, tmp_path):
    asked = tmp_path / "asked"
    asked.write_text("key,words\na,So happy about compost again\n", encoding="utf-8")
    table = tmp_path / "posts"
    table.write_text("key,words\n" + "".join(f"{post['id']},{post['text']}\n" for post in garden_posts(50)),
                     encoding="utf-8")
    [fit], _ = profile(table, "--fit", asked, "--text-column", "words", "--id-column", "key")
    assert fit["id"] == "a"
    assert "not both" in profile("-", "--fit", "-", code=2)[1]


def test_too_few_posts_make_no_new_one(profile):
    assert profile("-", "--generate", 1, posts=garden_posts(1), code=1)[1]


def test_where_nothing_more_can_be_made_the_command_says_how_many_there_are(profile):
    new, said = profile("-", "--generate", 1000, posts=garden_posts(30), code=1)
    assert 0 < len(new) < 1000 and f"{len(new)} of 1000 new posts" in said
    assert len({post["text"] for post in new}) == len(new)


def test_bad_rows_and_wrong_usage_are_told_by_the_exit_code(profile, tmp_path):
    [told], said = profile("-", posts=[{"id": "1"}, {"id": "2", "text": "fine"}], code=1)
    assert told["posts"] == 1 and "line 1 is no post" in said
    profile("-", "--generate", 0, code=2)
    profile("-", "--generate", 1, "--fit", tmp_path / "x", code=2)
    profile("-", "--fit", tmp_path / "absent", posts=garden_posts(1), code=4)
