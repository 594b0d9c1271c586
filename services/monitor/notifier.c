#include "notifier.h"

#include "base/check.h"

enum { FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 60 * 1000, LONGEST_ASKED_MS = 600 * 1000 };
enum { IDLE_MS = 3600 * 1000 };

void notifier_init(struct notifier *notifier, const struct notifier_options *options,
                   struct instant now)
{
    *notifier = (struct notifier){.options = *options, .told = now};
}

void notifier_changed(struct notifier *notifier, struct instant now)
{
    if (notifier->has_news)
        return; /* rule 1: it goes with the news that already waits */
    notifier->has_news = true;
    notifier->due = instant_plus_ms(now, notifier->options.group_wait_ms);
}

static struct instant next_due(const struct notifier *notifier)
{
    return notifier->has_news ? notifier->due
                              : instant_plus_ms(notifier->told, notifier->options.repeat_ms);
}

bool notifier_must_send(struct notifier *notifier, bool is_firing, struct instant now)
{
    if (notifier->is_sending || (!notifier->has_news && !is_firing) ||
        instant_is_before(now, next_due(notifier)))
        return false;
    if (!notifier->is_late)
        notifier->first_tried = now;
    notifier->is_sending = true;
    notifier->has_news = false; /* changes from here on are news again */
    return true;
}

static void settle(struct notifier *notifier, struct instant now)
{
    notifier->told = now;
    notifier->is_late = false;
    notifier->failures = 0;
}

void notifier_delivered(struct notifier *notifier, struct instant now)
{
    CHECK(notifier->is_sending);
    notifier->is_sending = false;
    settle(notifier, now);
}

static int64_t backoff_ms(int failures)
{
    int64_t wait_ms = FIRST_WAIT_MS;
    for (int i = 1; i < failures && wait_ms < LONGEST_WAIT_MS; i++)
        wait_ms *= 2;
    return wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS;
}

bool notifier_failed(struct notifier *notifier, bool may_retry, int64_t wait_ms, struct instant now)
{
    CHECK(notifier->is_sending);
    notifier->is_sending = false;
    struct instant end = instant_plus_ms(notifier->first_tried, notifier->options.give_up_ms);
    if (!may_retry || !instant_is_before(now, end)) {
        settle(notifier, now);
        return true;
    }
    notifier->is_late = true;
    notifier->failures++;
    if (wait_ms <= 0)
        wait_ms = backoff_ms(notifier->failures);
    notifier->has_news = true;
    notifier->due = instant_plus_ms(now, wait_ms < LONGEST_ASKED_MS ? wait_ms : LONGEST_ASKED_MS);
    return false;
}

struct instant notifier_wakes(const struct notifier *notifier, bool is_firing, struct instant now)
{
    if (notifier->is_sending || (!notifier->has_news && !is_firing))
        return instant_plus_ms(now, IDLE_MS);
    return next_due(notifier);
}
