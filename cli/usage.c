/* usage: what was used, and what it cost. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "outcome.h"
#include "session.h"

enum { PATIENCE_MS = 30000, PAGE_ROWS = 1000 };

struct arguments {
    struct options common;
    const char *group, *from, *to, *user, *tenant;
};

enum { KEY_FROM = 300, KEY_TO, KEY_TENANT };

static const struct argp_option ROWS[] = {
    {.name = "group-by",
     .key = 'g',
     .arg = "NAME",
     .doc = "day (default), hour, user, model, endpoint, class or tenant"},
    {.name = "from", .key = KEY_FROM, .arg = "TIME", .doc = "2026-07-01 or 2026-07-01T12:00:00Z"},
    {.name = "to", .key = KEY_TO, .arg = "TIME", .doc = "what it ends before"},
    {.name = "user", .key = 'u', .arg = "USER", .doc = "of this user alone"},
    {.name = "tenant", .key = KEY_TENANT, .arg = "NAME", .doc = "for operators; * is all"},
    {0},
};

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case 'g':
        arguments->group = value;
        return 0;
    case KEY_FROM:
        arguments->from = value;
        return 0;
    case KEY_TO:
        arguments->to = value;
        return 0;
    case 'u':
        arguments->user = value;
        return 0;
    case KEY_TENANT:
        arguments->tenant = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

enum figure { CALLS, UNKNOWN, PROMPT, COMPLETION, LLM, CACHE, NEAR, REPAIRED, EMBEDDED, FIGURES };

static const struct {
    const char *member, *of_posts, *heading;
} COLUMNS[FIGURES] = {
    [CALLS] = {"llm_calls", NULL, "CALLS"},
    [UNKNOWN] = {"unknown_calls", NULL, "UNKNOWN"},
    [PROMPT] = {"prompt_tokens", NULL, "PROMPT"},
    [COMPLETION] = {"completion_tokens", NULL, "COMPLETION"},
    [LLM] = {NULL, "llm", "LLM"},
    [CACHE] = {NULL, "cache", "CACHE"},
    [NEAR] = {NULL, "near_duplicate", "SIMILAR"},
    [REPAIRED] = {NULL, "repaired", "REPAIRED"},
    [EMBEDDED] = {NULL, "embedded", "EMBEDDED"},
};

/* What a line of the table holds. */
struct sums {
    long long figures[FIGURES];
    double usd;
};

static void read_sums(const json_t *row, struct sums *sums)
{
    const json_t *posts = json_object_get(row, "posts");
    for (int i = 0; i < FIGURES; i++) {
        const json_t *figure = COLUMNS[i].member != NULL
                                   ? json_object_get(row, COLUMNS[i].member)
                                   : json_object_get(posts, COLUMNS[i].of_posts);
        sums->figures[i] = json_integer_value(figure);
    }
    sums->usd = json_number_value(json_object_get(row, "usd"));
}

static void print_heading(const char *group)
{
    printf("%-24s", group);
    for (int i = 0; i < FIGURES; i++)
        printf(" %10s", COLUMNS[i].heading);
    printf(" %14s\n", "USD");
}

static void print_sums(const char *name, const struct sums *sums)
{
    printf("%-24s", name);
    for (int i = 0; i < FIGURES; i++)
        printf(" %10lld", sums->figures[i]);
    printf(" %14.6f\n", sums->usd);
}

static void print_page(const struct session *session, const json_t *page, struct sums *all)
{
    const char *group = json_string_value(json_object_get(page, "group_by"));
    const json_t *rows = json_object_get(page, "usage");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (session->console.is_json) {
            session_print(row);
            continue;
        }
        struct sums sums;
        read_sums(row, &sums);
        const char *name = json_string_value(json_object_get(row, group ? group : "day"));
        print_sums(name ? name : "-", &sums);
        for (int k = 0; k < FIGURES; k++)
            all->figures[k] += sums.figures[k];
        all->usd += sums.usd;
    }
}

static bool fetch_page(struct session *session, const struct arguments *arguments,
                       const char *cursor, json_t **page, struct error *why)
{
    SCOPED(text_free) struct text path = {0}, limit = {0};
    text_format(&limit, "%d", PAGE_ROWS);
    text_add(&path, "/v1/usage");
    api_add_query(&path, "group_by", arguments->group);
    api_add_query(&path, "from", arguments->from);
    api_add_query(&path, "to", arguments->to);
    api_add_query(&path, "user", arguments->user);
    api_add_query(&path, "tenant", arguments->tenant);
    api_add_query(&path, "limit", limit.chars);
    api_add_query(&path, "cursor", cursor);
    const struct api_call call = {.method = "GET", .path = path.chars, .patience_ms = PATIENCE_MS};
    return api_send(session->api, &call, page, why);
}

static int show(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    bool is_table = !session->console.is_json;
    struct sums all = {0};
    SCOPED(json_free) json_t *page = NULL;
    struct error why;
    if (!fetch_page(session, arguments, NULL, &page, &why))
        return console_fail(&session->console, &why);
    if (is_table)
        print_heading(arguments->group ? arguments->group : "day");
    for (;;) {
        print_page(session, page, &all);
        json_t *next = NULL;
        const char *cursor = json_string_value(json_object_get(page, "next_cursor"));
        if (cursor == NULL)
            break;
        if (!fetch_page(session, arguments, cursor, &next, &why))
            return console_fail(&session->console, &why);
        json_free(&page);
        page = next;
    }
    if (is_table)
        print_sums("in all", &all);
    return END_OK;
}

int command_usage(int argc, char **argv)
{
    static const struct argp_child COMMON[] = {{.argp = &OPTIONS_PARSER}, {0}};
    static const struct argp PARSER = {
        .options = ROWS,
        .parser = take,
        .doc = "Show what was used and what it cost, in the last thirty days if nothing else is "
               "said. UNKNOWN are calls that did not tell what they used and cost what had been "
               "reserved; the columns from LLM on count results by where they came from.",
        .children = COMMON,
    };
    struct arguments arguments = {0};
    argp_parse(&PARSER, argc, argv, 0, NULL, &arguments);
    return session_run(&arguments.common, show, &arguments);
}
