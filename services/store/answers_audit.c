/* How far models agree with themselves: proto/audit.proto. */
#include "base/check.h"
#include "questions.h"

enum { THIRDS = 3, LINES_MAX = 200, US_PER_MS = 1000 };

static const struct statement READ_AUDIT = {"read_audit", "select * from read_audit($1, $2)"};

static void read_thirds(struct cells *cells, Tp__AuditLine *line)
{
    int64_t *numbers;
    CHECK(cell_ints(cells, &numbers) == 2 * THIRDS);
    line->n_thirds = THIRDS;
    line->thirds = arena_array(cells->arena, Tp__AuditThird *, THIRDS);
    for (size_t i = 0; i < THIRDS; i++) {
        Tp__AuditThird *third = arena_new(cells->arena, sizeof *third);
        *third = (Tp__AuditThird)TP__AUDIT_THIRD__INIT;
        third->posts = (uint64_t)numbers[2 * i];
        third->agreed = (uint64_t)numbers[2 * i + 1];
        line->thirds[i] = third;
    }
}

static Tp__AuditLine *read_line(struct cells *cells)
{
    Tp__AuditLine *line = arena_new(cells->arena, sizeof *line);
    *line = (Tp__AuditLine)TP__AUDIT_LINE__INIT;
    line->model = cell_text(cells);
    line->prompt_version = cell_text(cells);
    read_thirds(cells, line);
    line->score_distance = cell_double(cells);
    line->posts_with_names = (uint64_t)cell_int(cells);
    line->names_overlap = cell_double(cells);
    return line;
}

bool answer_audit(struct desk *desk, struct bytes ask, struct bytes *reply, struct error *why)
{
    const Tp__AuditQuery *query;
    if (!unpack_audit_query(desk->asked, ask, &query, why))
        return false;
    struct params params = params_begin(desk->arena);
    params_int8(&params, query->from_ms * US_PER_MS);
    params_int4(&params, LINES_MAX);
    SCOPED(rows_free) struct rows rows = {0};
    if (!db_run(desk->db, &READ_AUDIT, &params, &rows, why))
        return false;
    Tp__AuditReply said = TP__AUDIT_REPLY__INIT;
    said.schema_version = SCHEMA_VERSION;
    said.n_lines = (size_t)rows.count;
    said.lines = arena_array(desk->arena, Tp__AuditLine *, said.n_lines);
    for (size_t i = 0; i < said.n_lines; i++) {
        struct cells cells = rows_at(&rows, (int)i, desk->arena);
        said.lines[i] = read_line(&cells);
    }
    *reply = pack_audit_reply(desk->arena, &said);
    return true;
}
