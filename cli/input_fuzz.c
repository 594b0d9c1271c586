/* Whatever the file holds: no crash, every row is a post or a reject with a reason, and read block
 * by block it has the same rows as read whole.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "input_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct counts {
    size_t posts, rejects;
};

static void count_post(void *context, const struct input_row *row)
{
    struct counts *counts = context;
    CHECK(row->line > 0 && strlen(row->id) > 0 && strlen(row->text) == row->text_length);
    counts->posts++;
}

static void count_reject(void *context, int64_t line, const char *reason)
{
    struct counts *counts = context;
    CHECK(line > 0 && strlen(reason) > 0);
    counts->rejects++;
}

static void go_on(void *context)
{
    (void)context;
}

static void take_format(void *context, enum input_format format, char delimiter)
{
    (void)context;
    CHECK(format != INPUT_AUTO && delimiter != '\0');
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static bool stream(const uint8_t *bytes, size_t size, enum input_format format,
                   struct counts *counts)
{
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(file >= 0 && write(file, bytes, size) == (ssize_t)size && lseek(file, 0, SEEK_SET) == 0);
    const struct input_reading reading = {.options = {.format = format},
                                          .sink = {count_post, count_reject, counts},
                                          .begin = take_format,
                                          .pause = go_on,
                                          .should_stop = never};
    struct error why;
    bool is_read = input_stream(file, &reading, &why);
    CHECK(is_read || strlen(why.message) > 0);
    close(file);
    return is_read;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    struct input_options options = {.max_posts = 3, .max_bytes = 200};
    for (int format = INPUT_AUTO; format <= INPUT_PLAIN; format++) {
        SCOPED(input_free) struct input *input = NULL;
        struct error why;
        struct counts counts = {0};
        options.format = (enum input_format)format;
        bool is_streamed = stream(bytes, size, options.format, &counts);
        bool is_read = input_read(copy, size, &options, &input, &why);
        CHECK(is_read == is_streamed);
        if (!is_read) {
            CHECK(input == NULL && strlen(why.message) > 0);
            continue;
        }
        CHECK(counts.posts == input->posts && counts.rejects == input->reject_count);
        size_t posts = 0;
        for (size_t i = 0; i < input->batch_count; i++)
            posts += input->batches[i].posts;
        CHECK(posts == input->posts);
    }
    free(copy);
    return 0;
}
