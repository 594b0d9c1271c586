#include "name_model.h"

#include "base/check.h"
#include "base/embedded_file.h"

extern const struct embedded_file NAMES_MODEL[];

struct name_model name_model_of(const char *bytes)
{
    const char *habits = bytes + MODEL_STEPS;
    struct name_model model = {.habits = (const uint8_t *)habits,
                               .rows = (const int8_t *)(habits + MODEL_HABITS)};
    for (size_t i = 0; i < MODEL_STEPS; i++) {
        int8_t step = (int8_t)bytes[i];
        model.steps[i] = step == MODEL_BARRED ? MODEL_NEVER : step;
    }
    return model;
}

struct name_model name_model_shipped(void)
{
    CHECK(NAMES_MODEL[0].length == MODEL_BYTES);
    return name_model_of(NAMES_MODEL[0].chars);
}
