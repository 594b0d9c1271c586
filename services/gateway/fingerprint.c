#include "fingerprint.h"

#include <string.h>

/* Each field bears its length, so that no two lists of fields look alike. */
static void add(struct text *canon, const void *bytes, size_t length)
{
    text_format(canon, "%zu:", length);
    text_add_bytes(canon, bytes, length);
}

static void add_string(struct text *canon, const char *string)
{
    add(canon, string, strlen(string));
}

/* Chained post by post, so that a large job needs no second copy of itself. */
static void fold(const char *pepper, struct text *canon, unsigned char digest[KEY_HASH_BYTES])
{
    add(canon, digest, KEY_HASH_BYTES);
    key_hash(pepper, canon->chars, canon->length, digest);
    text_clear(canon);
}

void fingerprint(const char *pepper, const struct submission *s,
                 unsigned char digest[KEY_HASH_BYTES])
{
    SCOPED(text_free) struct text canon = {0};
    memset(digest, 0, KEY_HASH_BYTES);
    add_string(&canon, s->user);
    text_format(&canon, "%d %d %u %u ", (int)s->service_class, s->skips_bad, s->deadline_seconds,
                s->chunk_posts);
    if (s->queue_ttl_seconds > 0) /* jobs without one keep the fingerprint they always had */
        text_format(&canon, "ttl %u ", s->queue_ttl_seconds);
    for (size_t i = 0; i < s->task_count; i++)
        add_string(&canon, s->tasks[i]);
    if (s->instruction[0] != '\0') {
        text_add(&canon, "asks ");
        add_string(&canon, s->instruction);
        add_string(&canon, s->schema_json);
    }
    fold(pepper, &canon, digest);
    for (size_t i = 0; i < s->post_count; i++) {
        add_string(&canon, s->posts[i].id);
        add_string(&canon, s->posts[i].language);
        add(&canon, s->posts[i].text.at, s->posts[i].text.length);
        fold(pepper, &canon, digest);
    }
}
