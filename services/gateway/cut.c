#include "cut.h"

#include <string.h>

/* What a post adds to a message beside its strings: tags, lengths and numbers. */
enum { POST_OVERHEAD_BYTES = 40 };

size_t cut_chunks(struct post *posts, size_t count, size_t most_posts)
{
    size_t chunk = 0, in_chunk = 0, bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (in_chunk == most_posts || bytes + posts[i].text.length > CHUNK_MAX_TEXT_BYTES) {
            chunk++;
            in_chunk = 0;
            bytes = 0;
        }
        posts[i].chunk_number = (uint32_t)chunk;
        in_chunk++;
        bytes += posts[i].text.length;
    }
    return count ? chunk + 1 : 0;
}

size_t cut_part(const struct post *posts, size_t count)
{
    size_t bytes = 0, taken = 0;
    while (taken < count) {
        const struct post *post = &posts[taken];
        bytes += post->text.length + strlen(post->id) + strlen(post->language);
        bytes += POST_OVERHEAD_BYTES;
        if (taken > 0 && bytes > PART_MAX_BYTES)
            break;
        taken++;
    }
    return taken;
}
