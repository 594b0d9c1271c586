#include "letters.h"

#include <stdlib.h>
#include <time.h>

#include "base/check.h"

static struct letter *copy(const struct letter *letter)
{
    struct letter *kept = malloc(sizeof *kept);
    CHECK(kept);
    *kept = *letter;
    return kept;
}

bool letter_try_post(struct mailbox *mailbox, const struct event *event, struct arena *arena)
{
    SCOPED(letter_free) struct letter *letter =
        copy(&(struct letter){.event = *event, .arena = arena});
    if (!mailbox_post(mailbox, letter))
        return false;
    (void)TAKE(letter);
    return true;
}

void letter_post(struct mailbox *mailbox, const struct letter *letter)
{
    static const struct timespec A_MOMENT = {.tv_nsec = 2 * CLOCK_MS};
    struct letter *kept = copy(letter);
    while (!mailbox_post(mailbox, kept)) /* the owner thread is busy taking */
        nanosleep(&A_MOMENT, NULL);
}

void letter_free(struct letter **letter)
{
    if (*letter == NULL)
        return;
    arena_close(&(*letter)->arena);
    free(*letter);
    *letter = NULL;
}
