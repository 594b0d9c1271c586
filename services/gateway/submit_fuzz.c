/* Whatever the body is, what is taken of it keeps the rules. The first byte chooses the format. */
#include <string.h>

#include "base/check.h"
#include "cut.h"
#include "messages/texts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const READERS[])(struct submission *, const char *, size_t) = {
        submission_read_json, submission_read_lines, submission_read_csv};
    if (size == 0)
        return 0;
    const char *body = (const char *)data + 1;
    SCOPED(submission_free) struct submission *s = submission_new(size - 1);
    if (data[0] & 4)
        submission_field(s, "on_bad", "skip");
    READERS[data[0] % 3](s, body, size - 1);
    submission_finish(s, "key");
    SCOPED(text_free) struct text errors = {0};
    submission_write_errors(s, &errors);
    if (!submission_is_acceptable(s))
        return 0;
    size_t chunks = cut_chunks(s->posts, s->post_count, s->chunk_posts);
    CHECK(chunks >= 1 && s->posts[s->post_count - 1].chunk_number == chunks - 1);
    for (size_t i = 0; i < s->post_count; i++) {
        const struct post *post = &s->posts[i];
        CHECK(post->text.length >= 1 && post->text.length <= POST_MAX_TEXT_BYTES);
        CHECK(text_is_valid(post->text.at, post->text.length));
        CHECK(id_is_valid(post->id, POST_ID_MAX_BYTES));
    }
    return 0;
}
