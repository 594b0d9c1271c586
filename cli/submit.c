#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/uuid.h"
#include "commands.h"
#include "document.h"
#include "file.h"
#include "input.h"
#include "input_arguments.h"
#include "interrupt.h"
#include "job.h"
#include "outcome.h"
#include "session.h"

enum {
    JOB_MAX_POSTS = 10000,
    JOB_MAX_BYTES = (16 << 20) - (32 << 10), /* what the service takes, but for the fields */
    REJECTS_SHOWN = 10,
    PATIENCE_MS = 120000,
    SECOND_CHANCE_MS = 2000,
    DEADLINE_MAX_SECONDS = 30 * 24 * 3600,
    TIME_SIZE = 24,
    FIELDS = 8,
};

struct arguments {
    struct options common;
    struct input_options input;
    const char *file, *user, *class, *key, *on_bad, *tasks;
    struct text instruction, schema;               /* empty = none */
    const char *chunk_size, *deadline, *queue_ttl; /* as the API takes them */
    char deadline_seconds[TIME_SIZE], queue_ttl_seconds[TIME_SIZE];
    bool waits, is_dry;
};

enum {
    KEY_CLASS = 300,
    KEY_KEY,
    KEY_ON_BAD,
    KEY_TASKS,
    KEY_INSTRUCTION,
    KEY_SCHEMA,
    KEY_DRY,
    KEY_CHUNK,
    KEY_DEADLINE,
    KEY_TTL
};

static const struct argp_option ROWS[] = {
    {.name = "user", .key = 'u', .arg = "USER", .doc = "on whose behalf; default: the key's own"},
    {.name = "class", .key = KEY_CLASS, .arg = "CLASS", .doc = "premium, standard, ..."},
    {.name = "tasks",
     .key = KEY_TASKS,
     .arg = "LIST",
     .doc = "sentiment,entities,... default: all, or with --instruction none"},
    {.name = "instruction",
     .key = KEY_INSTRUCTION,
     .arg = "TEXT",
     .doc = "your own question about each post; @FILE reads it from a file. Needs --schema"},
    {.name = "schema",
     .key = KEY_SCHEMA,
     .arg = "@FILE",
     .doc = "JSON Schema of the answers to --instruction"},
    {.name = "chunk-size", .key = KEY_CHUNK, .arg = "N", .doc = "posts per LLM call, 1 to 100"},
    {.name = "deadline",
     .key = KEY_DEADLINE,
     .arg = "TIME",
     .doc = "expire after it, with what there is; 90, 90s, 15m, 2h or 7d"},
    {.name = "queue-ttl",
     .key = KEY_TTL,
     .arg = "TIME",
     .doc = "expire if nothing has begun by then"},
    {.name = "on-bad",
     .key = KEY_ON_BAD,
     .arg = "WHAT",
     .doc = "rows that are no posts: skip them (default) or reject the file"},
    {.name = "idempotency-key",
     .key = KEY_KEY,
     .arg = "KEY",
     .doc = "the same key and file give the same jobs; default: a new one"},
    {.name = "wait", .key = 'w', .doc = "until all is analysed, showing progress"},
    {.name = "dry-run", .key = KEY_DRY, .doc = "read the file and tell what would be sent"},
    {0},
};

/* "90", "15m", "2h" as seconds, for the API. */
static const char *read_time(struct argp_state *state, const char *value, char seconds[TIME_SIZE])
{
    static const struct {
        char unit;
        int64_t seconds;
    } UNITS[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    size_t length = strlen(value);
    int64_t factor = 1, number = 0;
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS && length > 1; i++) {
        if (value[length - 1] == UNITS[i].unit) {
            factor = UNITS[i].seconds;
            length--;
            break;
        }
    }
    char digits[16];
    snprintf(digits, sizeof digits, "%.*s", (int)length, value);
    if (length >= sizeof digits || !number_parse_int(digits, &number) || number < 1 ||
        number > DEADLINE_MAX_SECONDS / factor)
        argp_error(state, "a time is 1 to 30d, as 90, 90s, 15m, 2h or 7d; not %s", value);
    snprintf(seconds, TIME_SIZE, "%" PRId64, number * factor);
    return seconds;
}

/* The text itself, or behind an @ the file that holds it. */
static void read_text(struct argp_state *state, const char *value, struct text *text)
{
    struct error why;
    text_clear(text);
    if (value[0] != '@')
        text_add(text, value);
    else if (!file_read(value + 1, text, &why))
        argp_error(state, "%s", why.message);
    while (text->length > 0 && text->chars[text->length - 1] == '\n')
        text->chars[--text->length] = '\0';
    if (text->length == 0)
        argp_error(state, "%s is empty", value);
}

/* Any JSON; what is wrong with it otherwise the service tells. */
static void read_schema(struct argp_state *state, const char *value, struct text *text)
{
    read_text(state, value, text);
    SCOPED(json_free) json_t *schema = NULL;
    struct error why;
    if (!json_parse(text->chars, text->length, &schema, &why))
        argp_error(state, "--schema is %s", why.message);
}

static const char *read_on_bad(struct argp_state *state, const char *value)
{
    if (strcmp(value, "skip") != 0 && strcmp(value, "reject") != 0)
        argp_error(state, "--on-bad is skip or reject, not %s", value);
    return value;
}

static void check_together(struct argp_state *state, const struct arguments *arguments)
{
    if ((arguments->instruction.length > 0) != (arguments->schema.length > 0))
        argp_error(state, "--instruction and --schema come together");
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        state->child_inputs[1] = &arguments->input;
        return 0;
    case 'u':
        arguments->user = value;
        return 0;
    case 'w':
        arguments->waits = true;
        return 0;
    case KEY_CLASS:
        arguments->class = value;
        return 0;
    case KEY_TASKS:
        arguments->tasks = value;
        return 0;
    case KEY_INSTRUCTION:
        read_text(state, value, &arguments->instruction);
        return 0;
    case KEY_SCHEMA:
        read_schema(state, value, &arguments->schema);
        return 0;
    case KEY_KEY:
        arguments->key = value;
        return 0;
    case KEY_CHUNK:
        arguments->chunk_size = value;
        return 0;
    case KEY_DEADLINE:
        arguments->deadline = read_time(state, value, arguments->deadline_seconds);
        return 0;
    case KEY_TTL:
        arguments->queue_ttl = read_time(state, value, arguments->queue_ttl_seconds);
        return 0;
    case KEY_DRY:
        arguments->is_dry = true;
        return 0;
    case KEY_ON_BAD:
        arguments->on_bad = read_on_bad(state, value);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->file)
            argp_error(state, "one file at a time");
        arguments->file = value;
        return 0;
    case ARGP_KEY_SUCCESS:
        check_together(state, arguments);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which file? - is stdin");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* How many of the first `most` bytes are whole characters. */
static int whole_characters(const char *text, size_t most)
{
    size_t length = strlen(text);
    if (length <= most)
        return (int)length;
    while (most > 0 && ((unsigned char)text[most] & 0xC0U) == 0x80U)
        most--;
    return (int)most;
}

static void tell_input(struct console *console, const char *file, const struct input *input,
                       bool is_preview)
{
    SCOPED(text_free) struct text posts = {0};
    progress_add_number(&posts, (int64_t)input->posts);
    console_say(console, "%s: %s, %s posts", strcmp(file, "-") == 0 ? "stdin" : file,
                input_describe(input->format, input->delimiter), posts.chars);
    for (size_t i = 0; is_preview && i < input->posts && i < INPUT_PREVIEWS; i++) {
        const struct input_preview *row = &input->preview[i];
        console_say(console, "  %s  %.*s", row->id, whole_characters(row->text, 70), row->text);
    }
    for (size_t i = 0; i < input->reject_count && i < REJECTS_SHOWN; i++) {
        console_say(console, "  %s %lld is no post: %s", input_unit(input->format),
                    (long long)input->rejects[i].line, input->rejects[i].reason);
    }
    if (input->reject_count > REJECTS_SHOWN)
        console_say(console, "  and %zu more like these", input->reject_count - REJECTS_SHOWN);
}

static bool load(struct arguments *arguments, struct console *console, struct input **input,
                 struct error *why)
{
    SCOPED(text_free) struct text bytes = {0};
    if (!file_read(arguments->file, &bytes, why))
        return false;
    arguments->input.name = arguments->file;
    if (!input_read(bytes.chars ? bytes.chars : "", bytes.length, &arguments->input, input, why))
        return error_prefix(why, "%s", arguments->file);
    tell_input(console, arguments->file, *input, arguments->is_dry || console->is_terminal);
    if ((*input)->reject_count > 0 && arguments->on_bad && strcmp(arguments->on_bad, "reject") == 0)
        return error_set(why, ERROR_INVALID, "%zu rows are no posts; nothing was sent",
                         (*input)->reject_count);
    if ((*input)->posts == 0)
        return error_set(why, ERROR_INVALID, "%s holds no posts", arguments->file);
    return true;
}

/* Rows the service refused, by their place in the file. */
static void tell_rejected(struct console *console, const struct input *input,
                          const struct input_batch *batch, const json_t *document)
{
    const json_t *rejected = json_object_get(document, "rejected");
    for (size_t i = 0; i < json_array_size(rejected); i++) {
        const json_t *row = json_array_get(rejected, i);
        json_int_t line = json_integer_value(json_object_get(row, "line"));
        const char *reason = json_string_value(json_object_get(row, "reason"));
        if (line >= 1 && (size_t)line <= batch->posts && i < REJECTS_SHOWN) {
            console_say(console, "  %s %lld was refused: %s", input_unit(input->format),
                        (long long)batch->lines[line - 1], reason ? reason : "");
        }
    }
}

/* The job's own fields, as far as they were given. */
static size_t list_fields(const struct arguments *arguments, struct field fields[FIELDS])
{
    const struct field all[FIELDS] = {
        {"user", arguments->user},
        {"class", arguments->class},
        {"tasks", arguments->tasks},
        {"chunk_size", arguments->chunk_size},
        {"deadline_seconds", arguments->deadline},
        {"queue_ttl_seconds", arguments->queue_ttl},
        {"on_bad", arguments->on_bad ? arguments->on_bad : "skip"},
        {"instruction", arguments->instruction.chars},
    };
    size_t count = 0;
    for (size_t i = 0; i < FIELDS; i++)
        if (all[i].value)
            fields[count++] = all[i];
    return count;
}

static bool send_batch(struct session *session, const struct arguments *arguments,
                       const struct input_batch *batch, const char *key, json_t **document,
                       struct error *why)
{
    SCOPED(text_free) struct text path = {0}, body = {0};
    /* An instruction may have several lines, and a schema many bytes: neither stands in a URL. */
    bool is_document = arguments->instruction.length > 0;
    text_add(&path, "/v1/jobs");
    struct field fields[FIELDS];
    size_t count = list_fields(arguments, fields);
    for (size_t i = 0; i < count && !is_document; i++)
        api_add_query(&path, fields[i].name, fields[i].value);
    if (is_document)
        document_write(fields, count, arguments->schema.chars, &batch->body, &body);
    const struct text *sent = is_document ? &body : &batch->body;
    const struct api_call call = {
        .method = "POST",
        .path = path.chars,
        .content_type = is_document ? "application/json" : "application/x-ndjson",
        .idempotency_key = key,
        .body = {(const uint8_t *)sent->chars, sent->length},
        .patience_ms = PATIENCE_MS,
    };
    return api_send(session->api, &call, document, why);
}

/* Submits the batches one by one; *sent counts those that were accepted, also on failure. */
static bool send_all(struct session *session, const struct arguments *arguments,
                     const struct input *input, struct job_view *jobs, size_t *sent,
                     struct error *why)
{
    char made[UUID_TEXT_SIZE];
    uuid_new(made);
    const char *base = arguments->key ? arguments->key : made;
    for (*sent = 0; *sent < input->batch_count; (*sent)++) {
        SCOPED(text_free) struct text key = {0};
        text_add(&key, base);
        if (input->batch_count > 1)
            text_format(&key, "-%zu", *sent + 1);
        SCOPED(json_free) json_t *document = NULL;
        const struct input_batch *batch = &input->batches[*sent];
        if (!send_batch(session, arguments, batch, key.chars, &document, why))
            return false;
        struct job_view *job = &jobs[*sent];
        job->total = (int64_t)batch->posts;
        job_read(document, job);
        tell_rejected(&session->console, input, batch, document);
        if (!arguments->waits && session->console.is_json)
            session_print(document);
        else if (!session->console.is_json)
            puts(job->id);
        if (!arguments->waits && *job->waiting)
            console_say(&session->console, "  %s", job->waiting);
        fflush(stdout);
    }
    return true;
}

/* Ctrl-C while waiting: once leaves the jobs alone, twice cancels them. */
static int interrupted(struct session *session, const struct job_view *jobs, size_t count)
{
    struct console *console = &session->console;
    console_say(console, "detached; the jobs go on. Ctrl-C again within 2 s cancels them");
    bool is_cancelled = interrupt_during(SECOND_CHANCE_MS, 1);
    interrupt_forget();
    for (size_t i = 0; i < count; i++) {
        if (job_is_over(&jobs[i]))
            continue;
        struct job_view job = {0};
        struct error why;
        if (!is_cancelled)
            console_say(console, "  tweetpulse watch %s", jobs[i].id);
        else if (job_cancel(session->api, jobs[i].id, &job, NULL, &why))
            console_say(console, "  %s is %s", jobs[i].id, job.state);
        else
            console_fail(console, &why);
    }
    return END_INTERRUPTED;
}

static int tell_end(struct session *session, const struct job_view *jobs, size_t count)
{
    int end = END_OK;
    for (size_t i = 0; i < count; i++) {
        const struct job_view *job = &jobs[i];
        if (strcmp(job->state, "completed") != 0)
            end = END_JOB_FAILED;
        if (session->console.is_json) {
            SCOPED(json_free) json_t *document = NULL;
            struct job_view view = {0};
            struct error why;
            if (!job_fetch(session->api, job->id, &view, &document, &why))
                return console_fail(&session->console, &why);
            session_print(document);
        } else {
            console_say(&session->console, "%s %s: %lld of %lld posts analysed, %lld failed",
                        job->id, job->state, (long long)job->processed, (long long)job->total,
                        (long long)job->failed);
        }
    }
    return end;
}

static int submit(struct session *session, struct arguments *arguments)
{
    SCOPED(input_free) struct input *input = NULL;
    struct error why;
    if (!load(arguments, &session->console, &input, &why))
        return console_fail(&session->console, &why);
    if (arguments->is_dry) {
        console_say(&session->console, "would be sent as %zu job%s; nothing was",
                    input->batch_count, input->batch_count == 1 ? "" : "s");
        return END_OK;
    }
    struct job_view *jobs = calloc(input->batch_count, sizeof *jobs);
    size_t sent = 0;
    bool ok = jobs && send_all(session, arguments, input, jobs, &sent, &why);
    if (ok && arguments->waits)
        ok = job_follow(session->api, &session->console, jobs, sent, &why);
    int end = END_OK;
    if (!ok && why.kind == ERROR_CANCELLED)
        end = interrupted(session, jobs, sent);
    else if (!ok)
        end = console_fail(&session->console, &why);
    else if (arguments->waits)
        end = tell_end(session, jobs, sent);
    free(jobs);
    return end;
}

int command_submit(int argc, char **argv)
{
    static const struct argp_child CHILDREN[] = {
        {.argp = &OPTIONS_PARSER}, {.argp = &INPUT_PARSER}, {0}};
    static const struct argp PARSER = {
        .options = ROWS,
        .parser = take,
        .args_doc = "FILE",
        .doc =
            "Submit the posts of a file for analysis; - is stdin. JSONL, JSON, CSV and plain text "
            "are told apart by themselves. Prints the job's id, one a line if the file is "
            "large enough to be several jobs.",
        .children = CHILDREN,
    };
    struct arguments arguments = {
        .input = {.max_posts = JOB_MAX_POSTS, .max_bytes = JOB_MAX_BYTES}};
    argp_parse(&PARSER, argc, argv, 0, NULL, &arguments);
    struct session session = {0};
    int end = END_OK;
    if (arguments.is_dry) {
        session.console = options_console(&arguments.common);
        end = submit(&session, &arguments);
    } else if (session_open(&session, &arguments.common, &end)) {
        end = submit(&session, &arguments);
    }
    session_close(&session);
    options_free(&arguments.common);
    text_free(&arguments.instruction);
    text_free(&arguments.schema);
    return end;
}
