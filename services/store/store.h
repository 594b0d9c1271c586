/* The serving store: its threads and what they share, started and stopped as one. */
#pragma once

#include "process/process.h"
#include "settings.h"

struct store;

/* Exits 78 if the settings contradict each other. */
struct store *store_start(struct process *process, const struct store_settings *settings);
/* Stops taking, finishes what is in hand, waits for the events on their way. */
void store_stop(struct store **store);
