/* Tells whoever asks which endpoints the chain has, as the settings say.
 *
 *   chain_open() -> asks are answered on a thread of the broker's -> chain_close()
 *
 * Every scheduler knows that, so any of them answers, leader or standby. Lends the bus; the
 * endpoints are copied.
 */
#pragma once

#include "bus/bus.h"
#include "core/core.h"

struct chain;

MUST_USE bool chain_open(struct bus *bus, const struct scheduler_config *config,
                         struct chain **chain, struct error *why);
void chain_close(struct chain **chain);
