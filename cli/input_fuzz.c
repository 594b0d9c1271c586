/* Whatever the file holds: no crash, and every row is a post or a reject with a reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    CHECK(copy != NULL);
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    struct input_options options = {.max_posts = 3, .max_bytes = 200};
    for (int format = INPUT_AUTO; format <= INPUT_PLAIN; format++) {
        SCOPED(input_free) struct input *input = NULL;
        struct error why;
        options.format = (enum input_format)format;
        if (!input_read(copy, size, &options, &input, &why)) {
            CHECK(input == NULL && strlen(why.message) > 0);
            continue;
        }
        size_t posts = 0;
        for (size_t i = 0; i < input->batch_count; i++)
            posts += input->batches[i].posts;
        CHECK(posts == input->posts);
    }
    free(copy);
    return 0;
}
