/* What is to be said of the posts of a dispatch: the tasks, and the user's own instruction.
 *
 *   brief_open(dispatch, &brief, &why)   the schema is parsed; ERROR_INVALID: it is none
 *   brief_close(&brief)
 *
 * A dispatch that names no task asks all, or with an instruction none besides it. Lends of the
 * dispatch. Pure; any thread.
 */
#pragma once

#include "messages/tasks.h"
#include "work.pb-c.h"
#include "json/json.h"

struct brief {
    struct task_set tasks;
    const char *instruction; /* "" = none */
    size_t schema_bytes;
    json_t *schema; /* of what answers the instruction; NULL without one */
};

MUST_USE bool brief_open(const Tp__Dispatch *dispatch, struct brief *brief, struct error *why);
void brief_close(struct brief *brief);

struct task_set brief_tasks(const Tp__Dispatch *dispatch);

/* Is anything asked of each post? Else only of all together. */
bool brief_is_of_posts(const Tp__Dispatch *dispatch);
