#!/usr/bin/python3
"""Writes what fuzzers begin with: FOLDER/<fuzzer>/<seed>. Seeds for what is no fuzzer in FUZZERS are a fault.

Some are our own; the others are what servers were seen to send and what twitter-text is tested with,
where those are at hand (../shared/data, no part of this repository).
"""

import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
RECORDINGS = DATA / "openai-wire"

ITEM = '{"id":%d,"sentiment":"%s","score":%s,"confidence":0.5,"entities":[{"text":"Ann",' \
       '"type":"person"}],"keywords":["tea"],"topics":["food"],"language":"en"}'
WHOLE = '{"results":[%s,%s,%s],"summary":"three"}' % tuple(
    ITEM % (number, label, score) for number, label, score in
    ((1, "positive", "0.5"), (2, "neutral", "0"), (3, "Negative", "-1.0001")))

CONTENTS = (
    WHOLE, "Sure {smile}: ```json\n" + WHOLE + "\n```", "<think>hm</think>" + WHOLE, WHOLE[:200],
    json.dumps(WHOLE), json.dumps({"results": WHOLE}), WHOLE.replace("0.5", "50.9e62554"),
    WHOLE.replace('"tea"', '"}]}","{\\"id\\":2"'), WHOLE[:-1] + ",}", WHOLE + " " * 1000,
    '[{"id":1,"refusal":"no"},{"id":2,"refused":true}]', "{" * 100, '{"id":' * 50,
)
CUSTOM = '{"results":[{"id":1,"custom":{"a":"x","b":[1,2],"c":null}},{"id":2,"custom":{"a":null}},' \
         '{"id":3,"custom":{"a":"y","b":null,"c":{"d":0.1}}}]}'
SCHEMA = ('{"type":"object","required":["mood"],"additionalProperties":false,"properties":{'
          '"mood":{"type":"string","enum":["calm","cross"],"description":"d"},'
          '"marks":{"type":"array","minItems":1,"maxItems":2,"items":{"type":"integer","minimum":1,"maximum":5}},'
          '"why":{"type":["string","null"],"minLength":2,"maxLength":9},"sure":{"type":"boolean"},'
          '"at":{"type":"object","properties":{"x":{"type":"number"},"n":{"type":"null"}}}}}\n'
          '{"mood":"calm","marks":[1,5],"why":null,"sure":null,"at":{"x":null,"n":null}}')
BODIES = tuple(json.dumps({
    "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 9}}) for content in CONTENTS)
STREAMS = (
    ': ping\n\ndata: {"choices":[{"delta":{"content":"{}"}}]}\n\ndata: [DONE]\n\n',
    'data: {"error":{"message":"quota exceeded"}}\n\n', "data: {\r\ndata: }\r\n\r\nid: 1\n\n",
    'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n',
)
ERRORS = (
    (429, "", '{"error":{"message":"Please try again in 1m2.5s","code":"rate_limit_exceeded"}}'),
    (503, "Sun, 22 Nov 2026 04:00:00 GMT", "<html>bad gateway</html>"),
    (400, "1.5", '{"object":"error","message":"maximum context length","code":400}'),
    (500, "-1", '{"error":{"code":500,"message":"[json.exception.parse_error.101]"}}'),
    (422, "", '{"detail":"Input is too long"}'),
)
LIMITS = ("500\n499\n6m0s\n30000\n29000\n12ms", "-1\n0\n1e9\n1\n2\n1h2m3.5s", "0\n\n\n\n\n60")


def error_seed(status, retry_after, body):
    """As classify_fuzz.c reads it: the status, three headers, the body."""
    return (status - 100).to_bytes(2, "big") + f"{retry_after}\n\n\n{body}".encode()


def observed():
    """(status, retry-after, body) of each error that was seen."""
    path = RECORDINGS / "errors-observed.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        seen = json.loads(line)
        body = seen["body"]
        yield (seen["status"], seen["headers"].get("retry-after", ""),
               body if isinstance(body, str) else json.dumps(body))


def recorded():
    """(status, body) of each response that was recorded."""
    for path in sorted(RECORDINGS.glob("recorded/*.http")):
        head, _, body = path.read_bytes().partition(b"\r\n\r\n")
        yield int(head.split()[1]), body


POSTS = (
    "I do NOT love it!!! :( but the #caf\u00e9 was #gr\u00fcn & great \U0001f44d\U0001f3fd \u2764\ufe0f &amp; &lt;3",
    "@ann/list-1 .@bob \uff20carl \uff03tag $TSLA $A.B https://t.co/a?b=c#d example.co.uk, http://\u4f8b\u3048.jp/(a)",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea e\u0301\u0327 \u202e\u05d0\u05d1 \u0627\u0644\u0639\u0631\u0628\u064a\u0629\u2069",
    "Dr. Anna Smith of Acme Corp. flew to New York, not to K\u00f6ln.\nRT @x: \u79c1\u306f\u6771\u4eac\u3067 \u8bed\u8a00 \ud55c\uad6d\uc5b4",
    "sooooo goooood" + "!" * 50, "#" * 200, "@" * 200, "a" * 1000, "\u0301" * 100, "&#x41;&#0;&#1114112;",
)


def posts():
    """One a seed, and all of the samples as a chunk."""
    samples = [json.loads(line)["text"] for line in
               (ROOT / "samples/posts.jsonl").read_bytes().splitlines()]
    found = [post.encode() for post in POSTS] + [sample.encode() for sample in samples[::10]]
    return found + ["\n".join(samples[:20]).encode(),
                    b"fine \xff\xfe\x80 #t\xc3ag @a\0b \xf0\x9f\x98"]


def cases():
    """What twitter-text is tested with."""
    found = []
    for path in sorted((DATA / "twitter-text").glob("*.yml")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            key, _, value = line.strip().partition(": ")
            if key == "text":
                found.append(value.strip("\"").encode())
    return found


def files():
    """Small files of every format, whole and damaged."""
    found = [b"id;text;created_at\n1;\"one\nmore\";2026\n\n2;two\n3\n", b"a\r\n\nb\xff\nc\0d",
             b'{"id":"a","text":"one"}\n{"id":7,"full_text":"two","created_at":"x"}\n{"id":\n',
             b'{"data":[{"id":"1","text":"x"},\n{"id":"2","text":"y"}]}', b'text\n"open\nand on',
             b'window.YTD.tweets.part0 = [{"tweet":{"id_str":"1","full_text":"x"}}]', b"\xef\xbb\xbftext\tid\nx\ty"]
    return found + [(ROOT / "samples" / name).read_bytes()[:2000] for name in ("posts.csv", "posts.txt")]


def seeds():
    errors = [error_seed(*error) for error in (*ERRORS, *observed())]
    errors += [error_seed(status, "", "") + body for status, body in recorded()]
    bodies = [body.encode() for body in (*BODIES, *CONTENTS, CUSTOM, *STREAMS)]
    bodies += [body for _, body in recorded()]
    streams = [stream.encode() for stream in STREAMS]
    streams += [body for _, body in recorded() if body.startswith(b"data:")]
    streams += [body.encode() for _, _, body in observed()]
    return {"embedded_embedded_fuzz": posts() + cases(), "embedded_profile_profile_fuzz": posts(),
            "tweetpulse_parts_input_fuzz": files(), "analyzer_answer_answer_fuzz": bodies, "analyzer_answer_classify_fuzz": errors,
            "analyzer_answer_stream_fuzz": streams,
            "analyzer_answer_server_limits_fuzz": [limits.encode() for limits in LIMITS],
            "schema_schema_fuzz": [SCHEMA.encode()],
            "sse_sse_fuzz": [b"\x07" + stream for stream in streams]}


def main():
    folder, fuzzers = map(pathlib.Path, sys.argv[1:])
    planted = seeds()
    strangers = [name for name in planted if not (fuzzers / name).exists()]
    for fuzzer, contents in planted.items():
        (folder / fuzzer).mkdir(parents=True, exist_ok=True)
        for content in contents:
            (folder / fuzzer / hashlib.sha1(content).hexdigest()[:16]).write_bytes(content)
    if strangers:
        sys.exit(f"seeds for what is no fuzzer: {', '.join(strangers)}")


if __name__ == "__main__":
    main()
