/* pause, resume, drain, limit, clear, maintenance, controls: what operators set. */
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "commands.h"
#include "control.h"
#include "outcome.h"
#include "session.h"

/* Whom it is about, and what to change. */
struct arguments {
    struct options common;
    struct control_target target;
    json_t *change; /* of the control; owned */
};

enum { KEY_TENANT = 300, KEY_RPM, KEY_TPM, KEY_CALLS, KEY_USD, KEY_SHADOW, KEY_ENFORCE };
enum { KEY_WEIGHT = 400, KEY_BURST, KEY_QUEUE, KEY_DEFAULTS };

static const char WHOM[] = "system\nendpoint NAME\ntenant [NAME]\nuser NAME";
static const char WHOM_OF_DRAIN[] = "system\ntenant [NAME]\nuser NAME";
static const char WHOM_OF_LIMIT[] = "endpoint NAME\ntenant [NAME]\nuser NAME";

/* ---- arguments ---- */

static void change(struct arguments *arguments, const char *name, json_t *value)
{
    CHECK(json_object_set_new(arguments->change, name, value) == 0);
}

static void change_limit(struct arguments *arguments, const char *name, json_t *value)
{
    json_t *limits = json_object_get(arguments->change, "limits");
    if (!json_is_object(limits)) {
        limits = json_object();
        change(arguments, "limits", limits);
    }
    CHECK(json_object_set_new(limits, name, value) == 0);
}

static json_t *whole(const char *value)
{
    int64_t number;
    return number_parse_int(value, &number) && number >= 0 ? json_integer(number) : NULL;
}

static json_t *decimal(const char *value)
{
    double number;
    return number_parse_double(value, &number) && number >= 0 ? json_real(number) : NULL;
}

static bool is_scope(const char *word)
{
    static const char *const SCOPES[] = {"system", "endpoint", "tenant", "user"};
    for (size_t i = 0; i < sizeof SCOPES / sizeof *SCOPES; i++)
        if (strcmp(SCOPES[i], word) == 0)
            return true;
    return false;
}

static void take_word(struct arguments *arguments, struct argp_state *state, const char *word)
{
    if (!arguments->target.scope && !is_scope(word))
        argp_error(state, "whom? system, endpoint, tenant or user, not %s", word);
    else if (!arguments->target.scope)
        arguments->target.scope = word;
    else if (!arguments->target.name && strcmp(arguments->target.scope, "system") != 0)
        arguments->target.name = word;
    else if (arguments->target.name)
        argp_error(state, "one %s at a time; what is %s?", arguments->target.scope, word);
    else
        argp_error(state, "the system has no name; what is %s?", word);
}

static void check_words(const struct arguments *arguments, struct argp_state *state)
{
    if (!arguments->target.scope)
        argp_error(state, "whom? system, endpoint NAME, tenant [NAME] or user NAME");
    else if (!arguments->target.name && (strcmp(arguments->target.scope, "user") == 0 ||
                                         strcmp(arguments->target.scope, "endpoint") == 0))
        argp_error(state, "which %s?", arguments->target.scope);
    else if (arguments->target.tenant && strcmp(arguments->target.scope, "user") != 0)
        argp_error(state, "--tenant goes with user, not with %s", arguments->target.scope);
}

static error_t take_whom(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case KEY_TENANT:
        arguments->target.tenant = value;
        return 0;
    case 'm':
        change(arguments, "message", json_string(value));
        if (!json_object_get(arguments->change, "message"))
            argp_error(state, "the message is not UTF-8");
        return 0;
    case ARGP_KEY_ARG:
        take_word(arguments, state, value);
        return 0;
    case ARGP_KEY_END:
        check_words(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What is set in numbers: in the control's "limits", or beside it. */
static const struct amount {
    int key;
    bool is_limit;
    const char *option, *member, *what;
    json_t *(*read)(const char *value);
} AMOUNTS[] = {
    {KEY_RPM, true, "--rpm", "requests_per_minute", "a whole number (0: no limit)", whole},
    {KEY_TPM, true, "--tpm", "tokens_per_minute", "a whole number (0: no limit)", whole},
    {KEY_CALLS, true, "--in-flight", "calls_in_flight", "a whole number (0: no limit)", whole},
    {KEY_USD, true, "--usd-per-day", "usd_per_day", "dollars as in 2.5 (0: no limit)", decimal},
    {KEY_WEIGHT, false, "--weight", "weight", "a number as in 2 or 0.5", decimal},
    {KEY_BURST, false, "--burst", "burst", "a whole number", whole},
    {KEY_QUEUE, false, "--queue", "unfinished_jobs", "a whole number", whole},
};

static void take_amount(struct arguments *arguments, struct argp_state *state,
                        const struct amount *amount, const char *value)
{
    json_t *number = amount->read(value);
    if (!number)
        argp_error(state, "%s is %s, not %s", amount->option, amount->what, value);
    else if (amount->is_limit)
        change_limit(arguments, amount->member, number);
    else
        change(arguments, amount->member, number);
}

static error_t take_limit(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    for (size_t i = 0; i < sizeof AMOUNTS / sizeof *AMOUNTS; i++) {
        if (AMOUNTS[i].key == key) {
            take_amount(arguments, state, &AMOUNTS[i], value);
            return 0;
        }
    }
    switch (key) {
    case KEY_SHADOW:
    case KEY_ENFORCE:
        change_limit(arguments, "shadow", json_boolean(key == KEY_SHADOW));
        return 0;
    case KEY_DEFAULTS:
        change(arguments, "limits", json_null());
        return 0;
    case ARGP_KEY_END:
        if (json_object_size(arguments->change) == 0)
            argp_error(state, "which limit? --rpm, --tpm, --in-flight, --usd-per-day, --weight, "
                              "--burst, --queue or --defaults");
        return take_whom(key, value, state);
    default:
        return take_whom(key, value, state);
    }
}

static const struct argp_option TENANT_ROWS[] = {
    {.name = "tenant", .key = KEY_TENANT, .arg = "TENANT", .doc = "the user's; default: the key's"},
    {0},
};

static const struct argp_option STATE_ROWS[] = {
    {.name = "message", .key = 'm', .arg = "TEXT", .doc = "what those read who are concerned"},
    {.name = "tenant", .key = KEY_TENANT, .arg = "TENANT", .doc = "the user's; default: the key's"},
    {0},
};

static const struct argp_option LIMIT_ROWS[] = {
    {.name = "rpm", .key = KEY_RPM, .arg = "N", .doc = "requests per minute; 0 is no limit"},
    {.name = "tpm", .key = KEY_TPM, .arg = "N", .doc = "tokens per minute"},
    {.name = "in-flight", .key = KEY_CALLS, .arg = "N", .doc = "calls at once"},
    {.name = "usd-per-day", .key = KEY_USD, .arg = "USD", .doc = "money in 24 hours"},
    {.name = "shadow", .key = KEY_SHADOW, .doc = "count and tell them, do not enforce"},
    {.name = "enforce", .key = KEY_ENFORCE, .doc = "enforce them"},
    {.name = "defaults",
     .key = KEY_DEFAULTS,
     .doc = "go back to the limits of the settings; of a user, to none"},
    {.name = "weight", .key = KEY_WEIGHT, .arg = "W", .doc = "a tenant's share; 1 is usual"},
    {.name = "queue", .key = KEY_QUEUE, .arg = "N", .doc = "unfinished jobs that a user may have"},
    {.name = "burst",
     .key = KEY_BURST,
     .arg = "N",
     .doc = "chunks of one user at once while nobody else waits"},
    {.name = "tenant", .key = KEY_TENANT, .arg = "TENANT", .doc = "the user's; default: the key's"},
    {0},
};

static const struct argp_child COMMON[] = {{.argp = &OPTIONS_PARSER}, {0}};

/* ---- the commands ---- */

static int send_change(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    return control_change(session, &arguments->target, arguments->change);
}

static int send_clear(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    return control_clear(session, &arguments->target);
}

static int list(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    return control_list(session, arguments->target.tenant);
}

/* Parses over what the command already wants. */
static int parse_and_run(const struct argp *parser, int argc, char **argv,
                         struct arguments *arguments, session_body *run)
{
    argp_parse(parser, argc, argv, 0, NULL, arguments);
    int end = session_run(&arguments->common, run, arguments);
    json_free(&arguments->change);
    return end;
}

static int change_state(int argc, char **argv, const char *state, const char *whom, const char *doc)
{
    const struct argp parser = {.options = STATE_ROWS,
                                .parser = take_whom,
                                .args_doc = whom,
                                .doc = doc,
                                .children = COMMON};
    /* Without a new message none stays from another time. */
    struct arguments arguments = {.change = json_pack("{s:s, s:n}", "state", state, "message")};
    CHECK(arguments.change != NULL);
    return parse_and_run(&parser, argc, argv, &arguments, send_change);
}

int command_pause(int argc, char **argv)
{
    return change_state(argc, argv, "held", WHOM,
                        "Let what is submitted wait. Calls that run go on; resume lets it go on.");
}

int command_drain(int argc, char **argv)
{
    return change_state(
        argc, argv, "draining", WHOM_OF_DRAIN,
        "Accept nothing new, with the message as the reason, and do what is there.");
}

int command_resume(int argc, char **argv)
{
    return change_state(argc, argv, "open", WHOM, "Undo pause and drain. Limits and weights stay.");
}

int command_limit(int argc, char **argv)
{
    static const struct argp PARSER = {
        .options = LIMIT_ROWS,
        .parser = take_limit,
        .args_doc = WHOM_OF_LIMIT,
        .doc =
            "Set limits of an endpoint, tenant or user, a tenant's weight, or the burst of a "
            "tenant's users or of one user, at once. Limits of an endpoint or tenant "
            "stand in place of all of those of the settings: the first time name --rpm, --tpm, "
            "--in-flight and --usd-per-day, of which 0 is none; later the others stay as they are. "
            "Those of a user stand beside its tenant's: name those you want.",
        .children = COMMON,
    };
    struct arguments arguments = {.change = json_object()};
    CHECK(arguments.change != NULL);
    return parse_and_run(&PARSER, argc, argv, &arguments, send_change);
}

int command_clear(int argc, char **argv)
{
    static const struct argp PARSER = {
        .options = TENANT_ROWS,
        .parser = take_whom,
        .args_doc = WHOM,
        .doc = "Take back all that is set: state, message, limits, weight and burst.",
        .children = COMMON,
    };
    struct arguments arguments = {0};
    return parse_and_run(&PARSER, argc, argv, &arguments, send_clear);
}

static error_t take_list(int key, char *value, struct argp_state *state)
{
    bool is_known = key == ARGP_KEY_INIT || key == KEY_TENANT;
    return is_known ? take_whom(key, value, state) : ARGP_ERR_UNKNOWN;
}

int command_controls(int argc, char **argv)
{
    static const struct argp_option ROWS[] = {
        {.name = "tenant", .key = KEY_TENANT, .arg = "TENANT", .doc = "of this tenant alone"},
        {0},
    };
    static const struct argp PARSER = {
        .options = ROWS,
        .parser = take_list,
        .doc = "List what is set. What is not listed is open and as the settings say.",
        .children = COMMON,
    };
    struct arguments arguments = {0};
    return parse_and_run(&PARSER, argc, argv, &arguments, list);
}

/* ---- maintenance ---- */

static void take_maintenance_word(struct arguments *arguments, struct argp_state *state,
                                  const char *word)
{
    static const struct {
        const char *word, *state;
    } WORDS[] = {{"on", "held"}, {"refuse", "draining"}, {"reduced", "reduced"}, {"off", "open"}};
    if (json_object_get(arguments->change, "state"))
        argp_error(state, "one of on, refuse, reduced and off; what is %s?", word);
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        if (strcmp(WORDS[i].word, word) == 0) {
            change(arguments, "state", json_string(WORDS[i].state));
            return;
        }
    }
    argp_error(state, "maintenance is on, refuse, reduced or off, not %s", word);
}

static error_t take_maintenance(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        take_maintenance_word(arguments, state, value);
        return 0;
    case ARGP_KEY_END:
        if (json_is_string(json_object_get(arguments->change, "message")) &&
            !json_object_get(arguments->change, "state"))
            argp_error(state, "a message goes with on, refuse, reduced or off");
        return 0;
    default:
        return take_whom(key, value, state);
    }
}

static int maintain(struct session *session, const void *context)
{
    const struct arguments *arguments = context;
    if (json_object_get(arguments->change, "state"))
        return send_change(session, arguments);
    return control_show_system(session);
}

int command_maintenance(int argc, char **argv)
{
    static const struct argp_option ROWS[] = {
        {.name = "message", .key = 'm', .arg = "TEXT", .doc = "what those read who wait"},
        {0},
    };
    static const struct argp PARSER = {
        .options = ROWS,
        .parser = take_maintenance,
        .args_doc = "[on|refuse|reduced|off]",
        .doc = "Hold the whole system: on lets all that comes wait; refuse accepts nothing new; "
               "reduced does all by the embedded analysis, without the LLM. Without a word, show "
               "what is set.",
        .children = COMMON,
    };
    struct arguments arguments = {.target = {.scope = "system"},
                                  .change = json_pack("{s:n}", "message")};
    CHECK(arguments.change != NULL);
    return parse_and_run(&PARSER, argc, argv, &arguments, maintain);
}
