/* audit: how far models agree with themselves. */
#include <stdio.h>

#include "base/number.h"
#include "commands.h"
#include "outcome.h"
#include "session.h"

enum { PATIENCE_MS = 30000, KEY_DAYS = 300 };

struct arguments {
    struct options common;
    const char *days;
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    int64_t days;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case KEY_DAYS:
        if (!number_parse_int(value, &days) || days < 1 || days > 400)
            argp_error(state, "--days is a whole number from 1 to 400, not %s", value);
        arguments->days = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static double percent(const json_t *agreement, const char *member)
{
    return 100 * json_number_value(json_object_get(agreement, member));
}

static void print_third(const json_t *positions, const char *name)
{
    const json_t *third = json_object_get(positions, name);
    if (json_is_null(json_object_get(third, "agreement")))
        printf(" %8s", "-");
    else
        printf(" %7.1f%%", percent(third, "agreement"));
}

static void print_line(const json_t *line)
{
    const json_t *all = json_object_get(line, "all"), *overlap;
    const json_t *positions = json_object_get(line, "positions");
    printf("%-24s %-22s %9lld %7.1f%% %5.1f..%5.1f%%",
           json_string_value(json_object_get(line, "model")),
           json_string_value(json_object_get(line, "prompt_version")),
           (long long)json_integer_value(json_object_get(all, "posts")), percent(all, "agreement"),
           percent(all, "low"), percent(all, "high"));
    print_third(positions, "first");
    print_third(positions, "middle");
    print_third(positions, "last");
    printf(" %8.3f", json_number_value(json_object_get(line, "score_distance")));
    overlap = json_object_get(line, "names_overlap");
    if (json_is_null(overlap))
        printf(" %7s\n", "-");
    else
        printf(" %6.1f%%\n", 100 * json_number_value(overlap));
}

static int show(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    SCOPED(json_free) json_t *answer = NULL;
    SCOPED(text_free) struct text path = {0};
    struct error why;
    text_add(&path, "/v1/admin/audit");
    api_add_query(&path, "days", arguments->days);
    const struct api_call call = {.method = "GET", .path = path.chars, .patience_ms = PATIENCE_MS};
    if (!api_send(session->api, &call, &answer, &why))
        return console_fail(&session->console, &why);
    const json_t *audits = json_object_get(answer, "audits");
    bool is_table = !session->console.is_json;
    if (is_table && json_array_size(audits) == 0)
        console_say(&session->console, "nothing was asked twice; see TP_AUDIT_SHARE of the store");
    else if (is_table)
        printf("%-24s %-22s %9s %8s %13s %8s %8s %8s %8s %7s\n", "MODEL", "PROMPT", "POSTS",
               "AGREES", "95 %", "FIRST", "MIDDLE", "LAST", "SCORE +-", "NAMES");
    for (size_t i = 0; i < json_array_size(audits); i++) {
        if (is_table)
            print_line(json_array_get(audits, i));
        else
            session_print(json_array_get(audits, i));
    }
    return END_OK;
}

int command_audit(int argc, char **argv)
{
    static const struct argp_option ROWS[] = {
        {.name = "days", .key = KEY_DAYS, .arg = "N", .doc = "of the last N days (30)"},
        {0},
    };
    static const struct argp_child COMMON[] = {{.argp = &OPTIONS_PARSER}, {0}};
    static const struct argp PARSER = {
        .options = ROWS,
        .parser = take,
        .doc = "Show how often a model says the same of a post when it is asked again in another "
               "order: in all, with what is 95 % sure, and for the posts that stood in the first, "
               "the middle and the last third of their call.",
        .children = COMMON,
    };
    struct arguments arguments = {0};
    argp_parse(&PARSER, argc, argv, 0, NULL, &arguments);
    return session_run(&arguments.common, show, &arguments);
}
