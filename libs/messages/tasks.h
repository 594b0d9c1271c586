/* The tasks a job may be asked, by name and as a set.
 *
 * What is asked for by the user's own instruction is no task of this list. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* In the order in which a prompt asks and a result answers them. */
enum task {
    TASK_SENTIMENT,
    TASK_ENTITIES,
    TASK_KEYWORDS,
    TASK_TOPICS,
    TASK_SUMMARY, /* of a chunk; the others are of each post */
    TASK_LANGUAGE,
};
enum { TASK_COUNT = TASK_LANGUAGE + 1 };

/* A bit for each task. */
struct task_set {
    unsigned bits;
};

#define TASKS_ALL ((struct task_set){(1U << TASK_COUNT) - 1})

const char *task_name(enum task task);
bool task_parse(const char *name, enum task *task);

bool task_set_has(struct task_set set, enum task task);
void task_set_add(struct task_set *set, enum task task);
/* Is anything of each post asked for? */
bool task_set_is_of_posts(struct task_set set);
/* Names that nobody knows are passed over: they may be of a later version. */
struct task_set task_set_of(size_t count, const char *const *names);
