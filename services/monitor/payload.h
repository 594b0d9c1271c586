/* The notification, in exactly the shape of Alertmanager's webhook, version 4, so that every
 * receiver made for Alertmanager understands it. Pure.
 */
#pragma once

#include "alerts.h"
#include "base/text.h"

/* All alerts that fire, and those in `resolved` (by kind) that end with this notification. The
 * status is "firing" while any of them fires. external_url is where this monitor is reached. */
void payload_write(const struct alerts *alerts, const bool resolved[ALERT_KINDS],
                   const char *external_url, struct text *out);

/* Alertmanager's fingerprint: FNV-1a-64 over the sorted labels. */
uint64_t payload_fingerprint(enum alert_kind kind);
