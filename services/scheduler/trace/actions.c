#include <stdlib.h>

#include "codes.h"

_Static_assert(sizeof(struct batch_item) == 128, "a new field belongs here too");
_Static_assert(sizeof(struct explanation) == 80, "a new field belongs here too");

static void code_item(struct coder *coder, struct batch_item *item)
{
    CODE_ENUM(coder, item->operation, BATCH_SPLIT + 1);
    code_attempt_id(coder, &item->id);
    code_bool(coder, &item->is_charged);
    CODE_ENUM(coder, item->mode, MODE_EMBEDDED + 1);
    code_u32(coder, &item->reserved_tokens);
    code_u32(coder, &item->lease_ms);
    code_u32(coder, &item->lane);
    code_name_in(coder, item->endpoint, sizeof item->endpoint);
    code_u64(coder, &item->reserved_micros);
    code_u32(coder, &item->prompt_nanos);
    code_u32(coder, &item->completion_nanos);
    code_bool(coder, &item->is_probe);
    code_bool(coder, &item->is_degraded);
}

static void code_told(struct coder *coder, struct explanation *told)
{
    code_bool(coder, &told->is_known);
    CODE_ENUM(coder, told->reason, WAITING_ENDPOINT_HELD + 1);
    code_u32(coder, &told->position);
    code_u32(coder, &told->calls);
    code_u32(coder, &told->most_calls);
    code_u32(coder, &told->retry_in_ms);
    CODE_ENUM(coder, told->scope, SCOPE_USER + 1);
    code_name_in(coder, told->scope_name, sizeof told->scope_name);
    CODE_ENUM(coder, told->limit, LIMIT_MONEY + 1);
    code_name(coder, &told->message);
}

static void code_answer(struct coder *coder, struct action *action)
{
    code_attempt_id(coder, &action->answer.id);
    code_u32(coder, &action->answer.ask_number);
    code_bool(coder, &action->answer.is_permitted);
    code_u32(coder, &action->answer.lease_left_ms);
    code_u32(coder, &action->answer.life_ms);
}

static void code_dispatch(struct coder *coder, struct action *action)
{
    code_attempt_id(coder, &action->dispatch.id);
    CODE_ENUM(coder, action->dispatch.service_class, CLASSES);
    code_bool(coder, &action->dispatch.is_again);
}

static void code_action(struct coder *coder, struct action *action)
{
    CODE_ENUM(coder, action->kind, ACTION_YIELD + 1);
    code_u64(coder, &action->epoch);
    if (coder->has_failed)
        return;
    switch (action->kind) {
    case ACTION_ASK_LEASE:
        code_instant(coder, &action->asked);
        return;
    case ACTION_RESIGN:
    case ACTION_LEAD:
    case ACTION_YIELD:
        return;
    case ACTION_ASK_SNAPSHOT:
        code_name(coder, &action->cursor);
        return;
    case ACTION_ASK_CHANGED:
        code_i64(coder, &action->changed.since_us);
        code_name(coder, &action->changed.after_job_id);
        return;
    case ACTION_ASK_JOB:
        code_name_in(coder, action->job_id, sizeof action->job_id);
        return;
    case ACTION_ASK_BATCH:
        code_u64(coder, &action->batch.sequence);
        CODE_LIST(coder, struct batch_item, action->batch.items, action->batch.count, code_item);
        return;
    case ACTION_ASK_HEAL:
        code_u32(coder, &action->most_posts);
        return;
    case ACTION_DISPATCH:
    case ACTION_FORGET:
        code_dispatch(coder, action);
        return;
    case ACTION_ANSWER:
        code_answer(coder, action);
        return;
    case ACTION_EXPLAIN:
        code_name_in(coder, action->explain.job_id, sizeof action->explain.job_id);
        code_told(coder, &action->explain.told);
        return;
    case ACTION_SERVED:
        code_i64(coder, &action->waited_ms);
        return;
    }
}

void code_actions(struct coder *coder, struct actions *actions)
{
    CODE_LIST(coder, struct action, actions->list, actions->count, code_action);
}
