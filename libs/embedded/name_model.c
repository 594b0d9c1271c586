#include "name_model.h"

#include "base/check.h"
#include "base/embedded_file.h"

extern const struct embedded_file NAMES_MODEL[];

struct name_model name_model_of(const char *bytes)
{
    const char *habits = bytes + MODEL_STEPS_BYTES;
    const char *rows = habits + MODEL_HABITS;
    return (struct name_model){.steps = (const int8_t *)bytes,
                               .habits = (const uint8_t *)habits,
                               .rows = (const int8_t *)rows};
}

struct name_model name_model_shipped(void)
{
    CHECK(NAMES_MODEL[0].length == MODEL_BYTES);
    return name_model_of(NAMES_MODEL[0].chars);
}
