/* Any bytes as an author's posts, one a line: no crash, and what comes out is valid UTF-8, within
 * its bounds, and the same when it is asked again.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "embedded/profile/profile.h"
#include "embedded/text/utf8_for_test.h"

enum { MOST_BYTES = 16 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each line is a post; what stands before a tab is when it was written. */
static void add_posts(struct profile *profile, struct piece bytes)
{
    for (size_t from = 0; from < bytes.length;) {
        const char *begin = bytes.at + from;
        const char *end = memchr(begin, '\n', bytes.length - from);
        size_t length = end ? (size_t)(end - begin) : bytes.length - from;
        const char *tab = memchr(begin, '\t', length);
        size_t stamp = tab ? (size_t)(tab - begin) : 0;
        profile_add(profile, &(struct profile_post){.text = {begin + stamp, length - stamp},
                                                    .created_at = {begin, stamp}});
        from += length + 1;
    }
}

static void ask(struct profile *profile, struct piece bytes, struct text *out)
{
    profile_write_json(profile, out);
    double fit = profile_fit(profile, bytes);
    CHECK(fit >= 0 && fit <= 1);
    struct error why;
    if (profile_generate(profile, 1, out, &fit, &why))
        CHECK(fit >= 0 && fit <= 1);
    else
        CHECK(why.kind == ERROR_NOT_FOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > MOST_BYTES)
        return 0;
    struct piece bytes = {(const char *)data, size};
    SCOPED(text_free) struct text first = {0}, again = {0};
    SCOPED(profile_close) struct profile *profile = profile_open(NULL);
    add_posts(profile, bytes);
    ask(profile, bytes, &first);
    ask(profile, bytes, &again);
    CHECK(test_is_utf8(&first));
    CHECK(first.length == again.length && memcmp(first.chars, again.chars, first.length) == 0);
    return 0;
}
