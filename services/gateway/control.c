#include "control.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "messages/texts.h"
#include "views.h"
#include "json/json.h"

enum { MESSAGE_MAX_BYTES_SAID = 1000, BURST_MAX = 62, CALLS_MAX = 100000, JOBS_MAX = 100000 };
#define WEIGHT_LEAST 0.001
#define WEIGHT_MOST 1000.0
#define TOKENS_MAX INT64_C(1000000000000)
#define USD_MAX 1e9
#define MICROS UINT64_C(1000000) /* of a dollar */

/* Who may have a member or a state: bits of scopes. */
#define OF(scope) (1U << TP__CONTROL_SCOPE__##scope)

struct reading {
    struct arena *arena;
    Tp__Control *control;
    struct control_faults *faults;
};

static void refuse(struct reading *reading, const char *pointer, const char *detail)
{
    struct control_faults *faults = reading->faults;
    if (faults->count < CONTROL_FAULTS_SHOWN) {
        faults->list[faults->count].pointer = arena_string(reading->arena, pointer);
        faults->list[faults->count].detail = arena_string(reading->arena, detail);
    }
    faults->count++;
}

/* RFC 6901: '~' and '/' of a name are escaped. */
static const char *pointer_to(struct arena *arena, const char *parent, const char *name)
{
    SCOPED(text_free) struct text pointer = {0};
    text_format(&pointer, "%s/", parent);
    for (; *name; name++) {
        if (*name == '~')
            text_add(&pointer, "~0");
        else if (*name == '/')
            text_add(&pointer, "~1");
        else
            text_add_char(&pointer, *name);
    }
    return arena_string(arena, pointer.chars);
}

/* ---- the members ---- */

static const struct {
    Tp__ControlState state;
    const char *name;
    unsigned scopes;
} STATES[] = {
    {TP__CONTROL_STATE__OPEN, "open", OF(SYSTEM) | OF(ENDPOINT) | OF(TENANT) | OF(USER)},
    {TP__CONTROL_STATE__HELD, "held", OF(SYSTEM) | OF(ENDPOINT) | OF(TENANT) | OF(USER)},
    {TP__CONTROL_STATE__DRAINING, "draining", OF(SYSTEM) | OF(TENANT) | OF(USER)},
    {TP__CONTROL_STATE__REDUCED, "reduced", OF(SYSTEM)},
};
static const size_t STATE_COUNT = sizeof STATES / sizeof *STATES;

static unsigned scope_of(const struct reading *reading)
{
    return 1U << reading->control->scope;
}

/* Rule 2. */
static void take_state(struct reading *reading, const json_t *value)
{
    const char *name = json_is_null(value) ? "open" : json_string_value(value);
    SCOPED(text_free) struct text known = {0};
    for (size_t i = 0; i < STATE_COUNT; i++) {
        if (!(STATES[i].scopes & scope_of(reading)))
            continue;
        if (name && strcmp(name, STATES[i].name) == 0) {
            reading->control->state = STATES[i].state;
            return;
        }
        text_format(&known, "%s%s", known.length ? ", " : "must be one of ", STATES[i].name);
    }
    refuse(reading, "/state", known.chars);
}

static void take_message(struct reading *reading, const json_t *value)
{
    const char *message = json_is_null(value) ? "" : json_string_value(value);
    if (message && (!*message || id_is_valid(message, MESSAGE_MAX_BYTES_SAID)))
        reading->control->message = arena_string(reading->arena, message);
    else
        refuse(reading, "/message", "must be up to 1000 bytes without control characters");
}

static void take_weight(struct reading *reading, const json_t *value)
{
    double weight = json_number_value(value);
    if (json_is_null(value))
        reading->control->weight = 0;
    else if (json_is_number(value) && weight >= WEIGHT_LEAST && weight <= WEIGHT_MOST)
        reading->control->weight = weight;
    else
        refuse(reading, "/weight", "must be a number from 0.001 to 1000");
}

static void take_burst(struct reading *reading, const json_t *value)
{
    json_int_t burst = json_integer_value(value);
    if (json_is_null(value))
        reading->control->burst = 0;
    else if (json_is_integer(value) && burst >= 1 && burst <= BURST_MAX)
        reading->control->burst = (uint32_t)burst;
    else
        refuse(reading, "/burst", "must be a whole number from 1 to 62");
}

static void take_unfinished_jobs(struct reading *reading, const json_t *value)
{
    json_int_t jobs = json_integer_value(value);
    if (json_is_null(value))
        reading->control->unfinished_jobs = 0;
    else if (json_is_integer(value) && jobs >= 1 && jobs <= JOBS_MAX)
        reading->control->unfinished_jobs = (uint32_t)jobs;
    else
        refuse(reading, "/unfinished_jobs", "must be a whole number from 1 to 100000");
}

/* ---- limits ---- */

enum limit_member { REQUESTS, TOKENS, CALLS, MONEY, SHADOW, LIMIT_MEMBERS };
static const char *const LIMIT_NAMES[LIMIT_MEMBERS] = {"requests_per_minute", "tokens_per_minute",
                                                       "calls_in_flight", "usd_per_day", "shadow"};

static enum limit_member limit_member_of(const char *name)
{
    enum limit_member member = REQUESTS;
    while (member < LIMIT_MEMBERS && strcmp(LIMIT_NAMES[member], name) != 0)
        member++;
    return member;
}

static bool read_count(const json_t *value, int64_t most, uint64_t *count)
{
    json_int_t read = json_integer_value(value);
    if (!json_is_integer(value) || read < 0 || read > most)
        return false;
    *count = (uint64_t)read;
    return true;
}

/* What is more than nothing must not become nothing, which would be no limit. */
static bool read_usd(const json_t *value, uint64_t *micros)
{
    double usd = json_number_value(value);
    if (!json_is_number(value) || !(usd >= 0) || usd > USD_MAX)
        return false;
    *micros = (uint64_t)(usd * (double)MICROS + 0.5);
    return *micros > 0 || usd == 0;
}

/* NULL, or what is wrong. */
static const char *take_limit(Tp__Limits *limits, enum limit_member member, const json_t *value)
{
    uint64_t count = 0;
    switch (member) {
    case REQUESTS:
        if (!read_count(value, UINT32_MAX, &count))
            return "must be a whole number from 0 to 4294967295; 0 is no limit";
        limits->requests_per_minute = (uint32_t)count;
        return NULL;
    case TOKENS:
        if (!read_count(value, TOKENS_MAX, &count))
            return "must be a whole number from 0 to 1000000000000; 0 is no limit";
        limits->tokens_per_minute = count;
        return NULL;
    case CALLS:
        if (!read_count(value, CALLS_MAX, &count))
            return "must be a whole number from 0 to 100000; 0 is no limit";
        limits->calls_in_flight = (uint32_t)count;
        return NULL;
    case MONEY:
        if (!read_usd(value, &count))
            return "must be 0, which is no limit, or a number from 0.000001 to 1000000000";
        limits->micros_per_day = count;
        return NULL;
    case SHADOW:
        limits->is_shadow = json_is_true(value);
        return json_is_boolean(value) ? NULL : "must be true or false";
    case LIMIT_MEMBERS:
        break;
    }
    return "is no known member";
}

/* Rule 5. */
static void refuse_missing_limits(struct reading *reading, const json_t *said)
{
    for (enum limit_member member = REQUESTS; member < SHADOW; member++)
        if (!json_object_get(said, LIMIT_NAMES[member]))
            refuse(reading, pointer_to(reading->arena, "/limits", LIMIT_NAMES[member]),
                   "is missing: name all four, 0 is no limit");
}

static void take_limits(struct reading *reading, const json_t *said)
{
    Tp__Control *control = reading->control;
    if (json_is_null(said)) {
        control->limits = NULL;
        return;
    }
    if (!json_is_object(said)) {
        refuse(reading, "/limits", "must be an object");
        return;
    }
    Tp__Limits *limits = arena_new(reading->arena, sizeof *limits);
    tp__limits__init(limits);
    if (control->limits)
        *limits = *control->limits;
    else if (control->scope != TP__CONTROL_SCOPE__USER)
        refuse_missing_limits(reading, said);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)said, name, value) {
        const char *fault = take_limit(limits, limit_member_of(name), value);
        if (fault)
            refuse(reading, pointer_to(reading->arena, "/limits", name), fault);
    }
    control->limits = limits;
}

/* ---- the whole ---- */

static const struct {
    const char *name;
    void (*take)(struct reading *reading, const json_t *value);
    unsigned scopes;
    const char *elsewhere; /* what is said where it cannot be set */
} MEMBERS[] = {
    {"state", take_state, OF(SYSTEM) | OF(ENDPOINT) | OF(TENANT) | OF(USER), NULL},
    {"message", take_message, OF(SYSTEM) | OF(ENDPOINT) | OF(TENANT) | OF(USER), NULL},
    {"weight", take_weight, OF(TENANT), "can be set of tenants alone"},
    {"burst", take_burst, OF(TENANT) | OF(USER), "can be set of tenants and users alone"},
    {"unfinished_jobs", take_unfinished_jobs, OF(USER), "can be set of users alone"},
    {"limits", take_limits, OF(ENDPOINT) | OF(TENANT) | OF(USER), "cannot be set of the system"},
};

/* Rules 1 and 3. */
static void take_member(struct reading *reading, const char *name, const json_t *value)
{
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        if (strcmp(MEMBERS[i].name, name) != 0)
            continue;
        if (MEMBERS[i].scopes & scope_of(reading))
            MEMBERS[i].take(reading, value);
        else
            refuse(reading, pointer_to(reading->arena, "", name), MEMBERS[i].elsewhere);
        return;
    }
    refuse(reading, pointer_to(reading->arena, "", name), "is no known member");
}

bool control_read(struct arena *arena, const char *body, size_t length, Tp__Control *control,
                  struct control_faults *faults)
{
    struct reading reading = {.arena = arena, .control = control, .faults = faults};
    SCOPED(json_free) json_t *document = NULL;
    struct error why;
    *faults = (struct control_faults){0};
    if (!json_parse(body, length, &document, &why)) {
        refuse(&reading, "", why.message);
        return false;
    }
    if (!json_is_object(document)) {
        refuse(&reading, "", "the body must be an object");
        return false;
    }
    const char *name;
    json_t *value;
    json_object_foreach (document, name, value) {
        take_member(&reading, name, value);
    }
    return faults->count == 0;
}

void control_write_faults(const struct control_faults *faults, struct text *out)
{
    text_add(out, "\"errors\":[");
    for (size_t i = 0; i < faults->count && i < CONTROL_FAULTS_SHOWN; i++) {
        text_add(out, i ? ",{" : "{");
        text_add_json_member(out, "pointer", faults->list[i].pointer);
        text_add_json_member(out, "detail", faults->list[i].detail);
        text_add(out, "}");
    }
    text_format(out, "],\"error_count\":%zu", faults->count);
}

/* ---- rule 6 ---- */

void control_keep_operators_part(Tp__Control *control, const Tp__Control *from)
{
    if (control->scope != TP__CONTROL_SCOPE__TENANT)
        return;
    control->weight = from ? from->weight : 0;
    control->burst = from ? from->burst : 0;
    control->limits = from ? from->limits : NULL;
}

static bool limits_are(const Tp__Limits *a, const Tp__Limits *b)
{
    if (!a || !b)
        return a == b;
    return a->requests_per_minute == b->requests_per_minute &&
           a->tokens_per_minute == b->tokens_per_minute &&
           a->calls_in_flight == b->calls_in_flight && a->micros_per_day == b->micros_per_day &&
           a->is_shadow == b->is_shadow;
}

static bool has_no_operators_part(const Tp__Control *control)
{
    return fpclassify(control->weight) == FP_ZERO && control->burst == 0 && !control->limits;
}

bool control_operators_part_is(const Tp__Control *a, const Tp__Control *b)
{
    if (a->scope != TP__CONTROL_SCOPE__TENANT)
        return true;
    return !islessgreater(a->weight, b->weight) && a->burst == b->burst &&
           limits_are(a->limits, b->limits);
}

bool control_is_plain(const Tp__Control *control)
{
    return control->state == TP__CONTROL_STATE__OPEN && !*control->message &&
           control->unfinished_jobs == 0 && has_no_operators_part(control);
}

/* ---- rule 7 ---- */

bool control_counts_money(const Tp__Control *control, const Tp__ControlsReply *endpoints)
{
    if (!control->limits || control->limits->micros_per_day == 0)
        return true;
    for (size_t i = 0; i < endpoints->n_controls; i++) {
        const Tp__Control *endpoint = endpoints->controls[i];
        bool is_meant = control->scope != TP__CONTROL_SCOPE__ENDPOINT ||
                        strcmp(endpoint->name, control->name) == 0;
        if (is_meant && endpoint->has_price)
            return true;
    }
    return false;
}

/* ---- as JSON ---- */

static void add_whom(const Tp__Control *control, struct text *out)
{
    switch (control->scope) {
    case TP__CONTROL_SCOPE__SYSTEM:
        text_add(out, "\"scope\":\"system\"");
        return;
    case TP__CONTROL_SCOPE__ENDPOINT:
        text_add(out, "\"scope\":\"endpoint\"");
        text_add_json_member(out, "endpoint", control->name);
        return;
    case TP__CONTROL_SCOPE__TENANT:
        text_add(out, "\"scope\":\"tenant\"");
        text_add_json_member(out, "tenant", control->tenant_id);
        return;
    case TP__CONTROL_SCOPE__USER:
        text_add(out, "\"scope\":\"user\"");
        text_add_json_member(out, "tenant", control->tenant_id);
        text_add_json_member(out, "user", control->name);
        return;
    case TP__CONTROL_SCOPE__NO_SCOPE:
    case _TP__CONTROL_SCOPE_IS_INT_SIZE:
        text_add(out, "\"scope\":\"unknown\"");
        return;
    }
}

static const char *state_word(Tp__ControlState state)
{
    for (size_t i = 0; i < STATE_COUNT; i++)
        if (STATES[i].state == state)
            return STATES[i].name;
    return "unknown";
}

static void add_limits(const Tp__Limits *limits, struct text *out)
{
    text_format(out,
                ",\"limits\":{\"requests_per_minute\":%u,\"tokens_per_minute\":%" PRIu64
                ",\"calls_in_flight\":%u,\"usd_per_day\":",
                limits->requests_per_minute, limits->tokens_per_minute, limits->calls_in_flight);
    view_usd(limits->micros_per_day, out);
    text_format(out, ",\"shadow\":%s}", limits->is_shadow ? "true" : "false");
}

void control_write(const Tp__Control *control, const char *warning, struct text *out)
{
    text_add(out, "{");
    add_whom(control, out);
    text_add_json_member(out, "state", state_word(control->state));
    if (*control->message)
        text_add_json_member(out, "message", control->message);
    if (control->weight > 0)
        text_format(out, ",\"weight\":%g", control->weight);
    if (control->burst > 0)
        text_format(out, ",\"burst\":%u", control->burst);
    if (control->unfinished_jobs > 0)
        text_format(out, ",\"unfinished_jobs\":%u", control->unfinished_jobs);
    if (control->limits)
        add_limits(control->limits, out);
    text_format(out, ",\"version\":%" PRIu64, control->version);
    if (warning)
        text_add_json_member(out, "warning", warning);
    text_add(out, "}");
}
