/* The shell: one owner thread that takes letters, lets the core decide and performs.
 *
 *   shell_open() -> it hears, decides and says -> shell_close() resigns the lead and ends
 */
#pragma once

#include "bus/bus.h"
#include "core/core.h"
#include "process/process.h"

struct shell;

/* Lends the bus and the pulse (NULL = none). The config is copied; its seed is made here. */
MUST_USE bool shell_open(const struct scheduler_config *config, struct bus *bus,
                         struct pulse *pulse, struct shell **shell, struct error *why);

/* Takes back what nobody has a permit for, gives up the lead, waits for the last answers. */
void shell_close(struct shell **shell);
