#include "inbox.h"

#include <stdlib.h>

#include "base/check.h"
#include "letters.h"
#include "log/log.h"
#include "messages/subjects.h"
#include "metrics.h"

enum { TELEMETRY_CAP_BYTES = 4 << 20 };

struct inbox {
    struct mailbox *mailbox;
    struct bus_subscription *subscription;
};

/* On a broker thread. */
static void hear(void *context, struct bus_message *message)
{
    const struct inbox *inbox = context;
    struct arena *arena = arena_open(TELEMETRY_CAP_BYTES);
    const Tp__Telemetry *telemetry;
    struct error why;
    if (!unpack_telemetry(arena, bus_body(message), &telemetry, &why)) {
        monitor_metrics_telemetry(TELEMETRY_INVALID);
        log_warn("telemetry.invalid", LOG_TEXT("subject", bus_subject(message)), LOG_WHY(&why));
    } else if (!letter_post_telemetry(inbox->mailbox, arena, telemetry)) {
        monitor_metrics_telemetry(TELEMETRY_REFUSED);
    } else {
        return; /* the arena went with it */
    }
    arena_close(&arena);
}

bool inbox_open(struct bus *bus, struct mailbox *mailbox, struct inbox **out, struct error *why)
{
    SCOPED(inbox_close) struct inbox *inbox = calloc(1, sizeof *inbox);
    CHECK(inbox != NULL);
    inbox->mailbox = mailbox;
    if (!bus_subscribe(bus, SUBJECT_TELEMETRY_ALL, NULL, hear, inbox, &inbox->subscription, why))
        return false;
    *out = TAKE(inbox);
    return true;
}

void inbox_close(struct inbox **inbox)
{
    if (*inbox == NULL)
        return;
    if ((*inbox)->subscription != NULL)
        bus_unsubscribe(&(*inbox)->subscription);
    free(*inbox);
    *inbox = NULL;
}
