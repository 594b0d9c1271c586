#include "audits.h"

#include "base/check.h"
#include "metrics.h"

enum { SETTLED_AT_ONCE = 20 };

static const struct statement MAKE_AUDIT = {"make_audit",
                                            "select * from make_audit($1, $2, $3, $4, $5)"};
static const struct statement SETTLE_AUDITS = {"settle_audits", "select * from settle_audits($1)"};

/* splitmix64's last step: each bit of the answer depends on each of the number. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* FNV-1a of the job, and the chunk's number. */
static uint64_t hash_chunk(const char *job_id, uint32_t chunk_number)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *c = (const unsigned char *)job_id; *c != '\0'; c++)
        hash = (hash ^ *c) * UINT64_C(0x100000001b3);
    return mix(hash + chunk_number);
}

bool audit_is_drawn(const char *job_id, uint32_t chunk_number, double share)
{
    double place = (double)(hash_chunk(job_id, chunk_number) >> 11) / (double)(UINT64_C(1) << 53);
    return place < share;
}

int64_t audit_order_seed(const char *job_id, uint32_t chunk_number)
{
    return (int64_t)(mix(~hash_chunk(job_id, chunk_number)) >> 1 | 1); /* never negative either */
}

/* Did the call answer two posts at least, and most of those that have a result? */
static bool is_worth_asking(const Tp__Outcome *outcome)
{
    size_t answered = 0;
    for (size_t i = 0; i < outcome->n_results; i++)
        answered += outcome->results[i]->provenance == TP__PROVENANCE__FROM_LLM ||
                    outcome->results[i]->provenance == TP__PROVENANCE__FROM_REPAIR;
    return outcome->was_called && answered >= 2 && 2 * answered > outcome->n_results;
}

bool audit_begin(struct db *db, struct arena *arena, const Tp__Outcome *outcome, double share,
                 struct made_events *made, struct error *why)
{
    if (!audit_is_drawn(outcome->job_id, outcome->chunk_number, share) || !is_worth_asking(outcome))
        return true;
    struct params params = params_begin(arena);
    params_uuid(&params, outcome->job_id);
    params_int4(&params, outcome->chunk_number);
    params_int4(&params, outcome->attempt);
    params_int8(&params, audit_order_seed(outcome->job_id, outcome->chunk_number));
    params_int4(&params, AUDITS_MAX);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(db, &MAKE_AUDIT, &params, &rows, why))
        return false;
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, arena);
        made_events_add(made, read_event(&cells), arena);
        metric_add(metrics_of_audits("begun"), 1);
    }
    return true;
}

/* Posts of one model, version and third, if the row has any. */
static void count_posts(struct cells *cells)
{
    static const char *const THIRDS[] = {"first", "middle", "last"};
    if (cell_is_null(cells))
        return;
    const char *model = cell_text(cells), *prompt_version = cell_text(cells);
    size_t third = (size_t)cell_int(cells) - 1;
    CHECK(third < sizeof THIRDS / sizeof *THIRDS);
    int64_t posts = cell_int(cells), agreed = cell_int(cells);
    struct metric_family *family = metrics_of_store()->audit_posts;
    metric_add(metrics_with(family, METRIC_VALUES(model, prompt_version, THIRDS[third], "agrees")),
               (double)agreed);
    metric_add(metrics_with(family, METRIC_VALUES(model, prompt_version, THIRDS[third], "differs")),
               (double)(posts - agreed));
}

bool audits_settle(struct db *db, struct arena *arena, struct error *why)
{
    struct params params = params_begin(arena);
    params_int4(&params, SETTLED_AT_ONCE);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(db, &SETTLE_AUDITS, &params, &rows, why))
        return false;
    for (int row = 0; row < rows.count; row++) {
        struct cells cells = rows_at(&rows, row, arena);
        double compared = (double)cell_int(&cells), dropped = (double)cell_int(&cells);
        if (row == 0) { /* the same in all rows */
            metric_add(metrics_of_audits("compared"), compared);
            metric_add(metrics_of_audits("dropped"), dropped);
        }
        count_posts(&cells);
    }
    return true;
}
