/* The recorded work once more, in the model, under other settings.
 *
 *   history_read() -> whatif_recorded(), whatif_setting() -> whatif_run() as it was, and changed
 *
 * Each chunk takes the call it took then; where none was seen, one of its size is drawn. The model
 * knows no failures and no losses (model.h): hold its baseline against what was recorded.
 */
#pragma once

#include "figures.h"
#include "history.h"

struct whatif_setting {
    struct scheduler_config config;
    uint32_t analyzers, slots;         /* of each */
    double prompt_usd, completion_usd; /* of a million tokens */
};

/* As it was: of the last chapter, with the analyzers and slots seen. */
struct whatif_setting whatif_setting(const struct history *history);

struct figures whatif_recorded(const struct history *history, const struct whatif_setting *setting);
struct figures whatif_run(const struct history *history, const struct whatif_setting *setting);
