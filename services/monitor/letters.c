#include "letters.h"

#include <stdlib.h>

#include "base/check.h"

static struct letter *copy_of(const struct letter *letter)
{
    struct letter *copy = malloc(sizeof *copy);
    CHECK(copy != NULL);
    *copy = *letter;
    return copy;
}

void letter_post(struct mailbox *mailbox, const struct letter *letter)
{
    CHECK(mailbox_post(mailbox, copy_of(letter)));
}

bool letter_post_telemetry(struct mailbox *mailbox, struct arena *arena,
                           const Tp__Telemetry *telemetry)
{
    if (mailbox_length(mailbox) >= MAILBOX_CAPACITY - MAILBOX_KEPT)
        return false;
    letter_post(mailbox,
                &(struct letter){.kind = LETTER_TELEMETRY, .arena = arena, .telemetry = telemetry});
    return true;
}

void letter_free(struct letter **letter)
{
    if (*letter == NULL)
        return;
    arena_close(&(*letter)->arena);
    free(*letter);
    *letter = NULL;
}
