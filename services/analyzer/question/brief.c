#include "brief.h"

#include "schema/schema.h"

struct task_set brief_tasks(const Tp__Dispatch *dispatch)
{
    if (dispatch->n_tasks == 0 && dispatch->instruction[0] == '\0')
        return TASKS_ALL;
    return task_set_of(dispatch->n_tasks, dispatch->tasks);
}

bool brief_is_of_posts(const Tp__Dispatch *dispatch)
{
    return dispatch->instruction[0] != '\0' || task_set_is_of_posts(brief_tasks(dispatch));
}

bool brief_open(const Tp__Dispatch *dispatch, struct brief *brief, struct error *why)
{
    *brief = (struct brief){.tasks = brief_tasks(dispatch),
                            .instruction = dispatch->instruction,
                            .schema_bytes = dispatch->schema_json.len};
    return dispatch->instruction[0] == '\0' ||
           schema_parse((const char *)dispatch->schema_json.data, dispatch->schema_json.len,
                        &brief->schema, why) ||
           error_prefix(why, "schema_json");
}

void brief_close(struct brief *brief)
{
    json_free(&brief->schema);
}
