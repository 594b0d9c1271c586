#include "messages/tasks.h"

#include <string.h>

static const char *const NAMES[TASK_COUNT] = {
    [TASK_SENTIMENT] = "sentiment", [TASK_ENTITIES] = "entities", [TASK_KEYWORDS] = "keywords",
    [TASK_TOPICS] = "topics",       [TASK_SUMMARY] = "summary",   [TASK_LANGUAGE] = "language",
};

const char *task_name(enum task task)
{
    return NAMES[task];
}

bool task_parse(const char *name, enum task *task)
{
    for (int i = 0; i < TASK_COUNT; i++) {
        if (strcmp(NAMES[i], name) == 0) {
            *task = (enum task)i;
            return true;
        }
    }
    return false;
}

bool task_set_has(struct task_set set, enum task task)
{
    return (set.bits >> task & 1U) != 0;
}

void task_set_add(struct task_set *set, enum task task)
{
    set->bits |= 1U << task;
}

bool task_set_is_of_posts(struct task_set set)
{
    return (set.bits & ~(1U << TASK_SUMMARY)) != 0;
}

struct task_set task_set_of(size_t count, const char *const *names)
{
    struct task_set set = {0};
    for (size_t i = 0; i < count; i++) {
        enum task task;
        if (task_parse(names[i], &task))
            task_set_add(&set, task);
    }
    return set;
}
