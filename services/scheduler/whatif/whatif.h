/* The recorded work once more, in the model, under other settings.
 *
 *   history_read() -> whatif_recorded(), whatif_setting() -> whatif_run() as it was, and changed
 *
 * Each chunk takes the calls it took then, those that failed too, with what they used; where none
 * was seen, one of its size is drawn. What operators held, the deadlines, cancellations and losses
 * of then are not repeated: hold the model's baseline against what was recorded.
 */
#pragma once

#include "figures.h"
#include "history.h"

struct whatif_setting {
    struct scheduler_config config; /* with the prices */
    uint32_t analyzers, slots;      /* of each */
};

/* As it was: what was in force at the end, with the analyzers that were there on the average. */
struct whatif_setting whatif_setting(const struct history *history);

struct figures whatif_recorded(const struct history *history);
struct figures whatif_run(const struct history *history, const struct whatif_setting *setting);
