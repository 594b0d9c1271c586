/* Adapter: the monitor's HTTP pages. GET /metrics of the whole fleet, /v1/alerts, /v1/fleet.
 *
 * Each request becomes a question in the monitor's mailbox and waits for its answer, so the owner
 * of the mailbox must outlive the pages.
 */
#pragma once

#include "base/error.h"
#include "base/scoped.h"
#include "mailbox/mailbox.h"

struct pages;

MUST_USE bool pages_open(const char *address, int64_t port, struct mailbox *mailbox,
                         struct pages **pages, struct error *why);
int pages_port(const struct pages *pages);
void pages_close(struct pages **pages);
