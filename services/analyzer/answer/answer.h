/* What an LLM answered, post by post.
 *
 * 1 Extraction is tolerant (extract.h): prose around the JSON, code fences, thoughts before it, a
 *   bare array, strings in strings, an answer cut in the middle; content as a string, as an array
 *   of parts, or as the arguments of a tool call. Whatever stands there as a whole object with an
 *   id is looked at. Around the answer not even JSON is asked for: numbers that nobody can hold,
 *   NaN, members twice, a byte order mark (loosen.h).
 * 2 Checks are strict, for each post by itself and for what was asked of it: an id that was asked
 *   for, a label of the three, a finite score within -1..1, a confidence within 0..1, lists of
 *   strings, a language code, valid UTF-8, no member twice, and a value of the user's own schema.
 *   A list may be empty, but what was asked for must be there: nothing is made up in its place, and
 *   a question that is echoed is no answer. What was not asked is not looked at.
 * 3 Valid answers with one id count if they say the same; if they differ, that post is invalid,
 *   since one of them may be a quotation. Ids not asked for are ignored, and those asked for cannot
 *   be guessed (question/ids.h). So no post ever gets another post's answer.
 * 4 What is not there is missing; what is there but fails a check is invalid; what the model says
 *   it will not analyse is refused.
 * 5 finish_reason is no proof of anything; it only tells apart truncated from invalid. White space
 *   without end is truncated too, whatever it says.
 * 6 A server that has counted fewer tokens than the posts can have has shortened the prompt:
 *   nothing of its answer is believed; the class is TOO_LARGE.
 * 7 Nothing answered and a refusal, a filter that says it acted, or only refused posts: the class
 *   is CONTENT_FILTER.
 * 8 Usage is believed where both numbers are possible for the call; else it is unknown.
 * 9 Where a summary is all that was asked, it answers every post, and nothing else does.
 * Pure; any thread. Any bytes may come in.
 */
#pragma once

#include "analysis/analysis.h"
#include "base/arena.h"
#include "mend.h"
#include "messages/tasks.h"
#include "work.pb-c.h"
#include "json/json.h"

enum {
    ANSWER_MAX_NAMES = 20,
    ANSWER_MAX_WORDS = 10,
    ANSWER_MAX_WORD_BYTES = 100,
    ANSWER_MAX_CUSTOM_BYTES = 4000, /* so that the results of a full chunk fit into a message */
};

enum post_answer_state { POST_MISSING, POST_INVALID, POST_REFUSED, POST_ANSWERED };

struct post_answer {
    enum post_answer_state state;
    /* Its label or language was in capitals, or a number lay out of its range by rounding. */
    bool is_repaired;
    bool is_disputed; /* two valid answers differ: it is invalid, whatever follows */
    size_t bytes;     /* usage_bytes() of what stands there for it; 0 = nothing, or no JSON */
    /* Of sentiment, names without indices, keywords, topics, language and custom what was asked. */
    struct post_analysis analysis;
};

/* What was asked for. */
struct asked {
    size_t posts;
    const uint32_t *ids;          /* of each */
    uint32_t least_prompt_tokens; /* prompt_least_tokens(); 0 = nothing can be said */
    /* No call can have used more; 0 = nothing can be said. */
    uint64_t most_prompt_tokens, most_completion_tokens;
    struct task_set tasks;
    const json_t *schema; /* of `custom`; NULL = it was not asked for */
};

struct answer {
    /* OK, PARTIAL, TRUNCATED, CONTENT_FILTER, TOO_LARGE, or INVALID_ANSWER */
    Tp__OutcomeClass outcome_class;
    struct post_answer *posts; /* in the order in which they were asked */
    const char *summary;       /* one line of UTF-8, or "" */
    bool is_usage_known;
    bool is_usage_absurd; /* something was said of it, and not believed */
    uint32_t prompt_tokens, completion_tokens;
    char detail[120]; /* for people, unless it is OK; never text of posts */
};

/* Reads the body of a 2xx answer, as stream_whole() gives it. All that the answer holds lives in
 * the arena, which must have room for some four times the body. */
void answer_read(struct readable body, const struct asked *asked, struct arena *arena,
                 struct answer *answer);
