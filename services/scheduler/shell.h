/* The shell: one owner thread that takes letters, lets the core decide and performs.
 *
 *   shell_open() -> it hears, decides and says -> shell_close() resigns the lead and ends
 */
#pragma once

#include "bus/bus.h"
#include "core/core.h"
#include "process/process.h"

struct shell;

struct shell_options {
    const struct scheduler_config *config; /* copied; its seed is made here */
    struct bus *bus;                       /* lent */
    struct pulse *pulse;                   /* lent; NULL = none */
    bool has_trace;                        /* what the core is told and decides is recorded */
};
MUST_USE bool shell_open(const struct shell_options *options, struct shell **shell,
                         struct error *why);

/* Takes back what nobody has a permit for, gives up the lead, waits for the last answers. */
void shell_close(struct shell **shell);
