#include "hostile.h"

#include <string.h>

#include "base/splitmix.h"

enum { INVENTED_ID = 1000000 };

static bool happens(uint64_t *random, double rate)
{
    return (double)(splitmix_next(random) >> 11) / (double)(UINT64_C(1) << 53) < rate;
}

static void write_result(const struct question *question, const struct result *result,
                         enum invalid_part invalid, struct text *out)
{
    if (out->length > 0 && out->chars[out->length - 1] == '}')
        text_add_char(out, ',');
    answer_write_result(question, result, invalid, out);
}

/* The first letter of the echo that stands last becomes half of a character. */
static void spoil_utf8(struct text *out, size_t from)
{
    char *echo = strstr(out->chars + from, "echo-");
    if (echo != NULL)
        *echo = (char)0xc3;
}

static void write_post(const struct question *question, const struct result *result,
                       const struct hostility *hostility, uint64_t *random, struct text *out)
{
    static const enum invalid_part WRONG[] = {INVALID_LABEL, INVALID_SCORE, INVALID_CONFIDENCE,
                                              INVALID_HUGE};
    bool is_dropped = happens(random, hostility->drop),
         is_wrong = happens(random, hostility->wrong);
    enum invalid_part invalid = is_wrong ? WRONG[splitmix_next(random) % 4] : INVALID_NONE;
    bool is_twice = happens(random, hostility->duplicate);
    bool is_spoilt = happens(random, hostility->bad_utf8);
    if (!is_dropped) {
        size_t from = out->length;
        write_result(question, result, invalid, out);
        if (is_twice)
            write_result(question, result, invalid, out);
        if (is_spoilt && !is_twice)
            spoil_utf8(out, from);
    }
    if (happens(random, hostility->invent)) {
        struct result invented = {INVENTED_ID + (int64_t)(splitmix_next(random) % 100),
                                  result->hash, false, NULL};
        write_result(question, &invented, INVALID_NONE, out);
    }
}

static size_t collect(const struct question *question, bool is_reordered, uint64_t *random,
                      struct result *results)
{
    for (size_t i = 0; i < question->post_count; i++) {
        size_t place = is_reordered ? splitmix_next(random) % (i + 1) : i;
        results[i] = results[place];
        results[place] =
            (struct result){question->ids[i], answer_hash(question->texts[i]), false, NULL};
    }
    return question->post_count;
}

void hostile_write(const struct question *question, const struct hostility *hostility,
                   struct text *content)
{
    uint64_t random = hostility->seed;
    struct result results[QUESTION_MAX_POSTS];
    size_t count = collect(question, happens(&random, hostility->reorder), &random, results);
    bool has_prose = happens(&random, hostility->prose);
    text_add(content, has_prose ? "Here {are} \"my\" thoughts:\n```json\n" : "");
    bool has_results = answer_begin(question, content);
    for (size_t i = 0; i < count && has_results; i++)
        write_post(question, &results[i], hostility, &random, content);
    answer_end(question, "so much for that", content);
    text_add(content, has_prose ? "\n```\nIs there {anything \"else\"?" : "");
    if (happens(&random, hostility->truncate)) {
        size_t kept = splitmix_next(&random) % (content->length + 1);
        content->chars[kept] = '\0';
        content->length = kept;
    }
}
