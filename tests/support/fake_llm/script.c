#include "script.h"

#include <string.h>

#include "base/check.h"
#include "base/splitmix.h"
#include "json/json.h"

struct rule {
    const char *endpoint, *user, *text; /* NULL = any */
    int64_t nth, first, every;
    double probability; /* below 0 = always */
    int64_t seen;       /* calls for which user and text held */
    struct action action;
    char *body_json, *usage_json; /* owned: what was given as JSON */
};

struct limit {
    const char *endpoint;
    struct window_limits limits;
};

struct script {
    json_t *document; /* lends the strings */
    uint64_t random;
    struct limit limits[SCRIPT_MAX_LIMITS];
    size_t limit_count;
    struct rule rules[SCRIPT_MAX_RULES];
    size_t rule_count;
};

static const struct action PLAIN = {
    .delay_ms = -1, .status = 200, .truncate = -1, .finish_reason = "stop"};

static bool knows_all(const json_t *object, const char *names, const char *where, struct error *why)
{
    const char *name;
    json_t *value;
    json_t *members = (json_t *)(uintptr_t)object; /* jansson's iteration wants it mutable */
    json_object_foreach (members, name, value) {
        char wanted[64];
        snprintf(wanted, sizeof wanted, " %s ", name);
        if (strstr(names, wanted) == NULL) {
            return error_set(why, ERROR_INVALID, "%s: unknown member \"%s\"; known:%s", where, name,
                             names);
        }
    }
    return true;
}

static bool read_choice(const json_t *object, const char *name, const char *const *choices,
                        int *chosen, struct error *why)
{
    const char *value;
    if (!json_text(object, name, choices[0], 40, &value, why))
        return false;
    for (int i = 0; choices[i] != NULL; i++) {
        if (strcmp(value, choices[i]) == 0) {
            *chosen = i;
            return true;
        }
    }
    return error_set(why, ERROR_INVALID, "\"%s\" may not be \"%s\"", name, value);
}

static bool read_when(const json_t *when, struct rule *rule, struct error *why)
{
    static const char *const KNOWN = " endpoint user text nth first every probability ";
    rule->probability = -1;
    if (when == NULL)
        return true;
    if (!json_is_object(when))
        return error_set(why, ERROR_INVALID, "\"when\" must be an object");
    const json_t *probability = json_object_get(when, "probability");
    if (probability != NULL) {
        if (!json_is_number(probability))
            return error_set(why, ERROR_INVALID, "\"probability\" must be a number");
        rule->probability = json_number_value(probability);
    }
    return knows_all(when, KNOWN, "when", why) &&
           json_text(when, "endpoint", NULL, SCRIPT_ENDPOINT_SIZE - 1, &rule->endpoint, why) &&
           json_text(when, "user", NULL, 1000, &rule->user, why) &&
           json_text(when, "text", NULL, 1000, &rule->text, why) &&
           json_int(when, "nth", 0, 1, INT32_MAX, &rule->nth, why) &&
           json_int(when, "first", 0, 1, INT32_MAX, &rule->first, why) &&
           json_int(when, "every", 0, 1, INT32_MAX, &rule->every, why);
}

static bool read_headers(const json_t *headers, struct action *action, struct error *why)
{
    if (headers == NULL)
        return true;
    const char *name;
    json_t *value;
    json_t *members = (json_t *)(uintptr_t)headers;
    json_object_foreach (members, name, value) {
        if (!json_is_string(value) || action->header_count == ACTION_MAX_HEADERS) {
            return error_set(why, ERROR_INVALID, "\"headers\": at most %d, each a string",
                             ACTION_MAX_HEADERS);
        }
        action->headers[action->header_count].name = name;
        action->headers[action->header_count].value = json_string_value(value);
        action->header_count++;
    }
    return true;
}

static void read_body(const json_t *body, struct rule *rule)
{
    if (body == NULL)
        return;
    if (json_is_string(body)) {
        rule->action.body = json_string_value(body);
        return;
    }
    rule->body_json = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    CHECK(rule->body_json != NULL);
    rule->action.body = rule->body_json;
}

static void read_usage(const json_t *usage, struct rule *rule)
{
    if (usage == NULL)
        return;
    rule->usage_json = json_dumps(usage, JSON_COMPACT | JSON_ENCODE_ANY);
    CHECK(rule->usage_json != NULL);
    rule->action.usage = rule->usage_json;
}

static bool read_hostility(const json_t *rates, struct hostility *hostility, struct error *why)
{
    static const char *const KNOWN =
        " drop wrong duplicate invent bad_utf8 reorder prose truncate ";
    const struct {
        const char *name;
        double *rate;
    } members[] = {{"drop", &hostility->drop},           {"wrong", &hostility->wrong},
                   {"duplicate", &hostility->duplicate}, {"invent", &hostility->invent},
                   {"bad_utf8", &hostility->bad_utf8},   {"reorder", &hostility->reorder},
                   {"prose", &hostility->prose},         {"truncate", &hostility->truncate}};
    if (rates == NULL)
        return true;
    if (!json_is_object(rates))
        return error_set(why, ERROR_INVALID, "\"hostile\" must be an object");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const json_t *rate = json_object_get(rates, members[i].name);
        *members[i].rate = json_number_value(rate); /* 0 if it is absent */
        if (rate != NULL &&
            (!json_is_number(rate) || !(*members[i].rate >= 0 && *members[i].rate <= 1)))
            return error_set(why, ERROR_INVALID, "\"%s\" must be a rate from 0 to 1",
                             members[i].name);
    }
    hostility->is_set = true;
    return knows_all(rates, KNOWN, "hostile", why);
}

static bool read_then(const json_t *then, struct rule *rule, struct error *why)
{
    static const char *const KNOWN =
        " delay_ms hold status headers body truncate finish_reason omit_usage null_content reorder "
        "drop "
        "drop_text duplicate invent tires_after invalid prose bad_utf8 quotes obeys usage hostile "
        "drip end ";
    static const char *const INVALIDS[] = {"none", "label", "score", "confidence", "huge", NULL};
    static const char *const ENDS[] = {"answer", "reset", "close", "hang", NULL};
    struct action *action = &rule->action;
    *action = PLAIN;
    if (!json_is_object(then))
        return error_set(why, ERROR_INVALID, "\"then\" must be an object");
    int64_t status;
    int invalid, end;
    bool is_good = knows_all(then, KNOWN, "then", why) &&
                   json_int(then, "delay_ms", -1, 0, 3600000, &action->delay_ms, why) &&
                   json_bool(then, "hold", false, &action->is_held, why) &&
                   json_int(then, "status", 200, 200, 599, &status, why) &&
                   read_headers(json_object_get(then, "headers"), action, why) &&
                   json_int(then, "truncate", -1, 0, INT32_MAX, &action->truncate, why) &&
                   json_text(then, "finish_reason", "stop", 100, &action->finish_reason, why) &&
                   json_text(then, "drop_text", NULL, 1000, &action->drop_text, why) &&
                   json_text(then, "quotes", NULL, 1000, &action->quotes, why) &&
                   json_text(then, "obeys", NULL, 1000, &action->obeys, why) &&
                   json_int(then, "drop", 0, 0, 1000, &action->drop, why) &&
                   json_int(then, "duplicate", 0, 0, 1000, &action->duplicate, why) &&
                   json_int(then, "invent", 0, 0, 1000, &action->invent, why) &&
                   json_int(then, "tires_after", 0, 0, 1000, &action->tires_after, why) &&
                   json_int(then, "drip", 0, 1, INT32_MAX, &action->drip, why) &&
                   json_bool(then, "omit_usage", false, &action->omit_usage, why) &&
                   json_bool(then, "null_content", false, &action->null_content, why) &&
                   json_bool(then, "reorder", false, &action->reorder, why) &&
                   json_bool(then, "prose", false, &action->prose, why) &&
                   json_bool(then, "bad_utf8", false, &action->bad_utf8, why) &&
                   read_hostility(json_object_get(then, "hostile"), &action->hostility, why) &&
                   read_choice(then, "invalid", INVALIDS, &invalid, why) &&
                   read_choice(then, "end", ENDS, &end, why);
    if (!is_good)
        return false;
    action->status = (int)status;
    action->invalid = (enum invalid_part)invalid;
    action->end = (enum call_ending)end;
    read_body(json_object_get(then, "body"), rule);
    read_usage(json_object_get(then, "usage"), rule);
    return true;
}

static bool read_limit(const json_t *object, struct limit *limit, struct error *why)
{
    static const char *const KNOWN = " endpoint requests_per_minute tokens_per_minute ";
    if (!json_is_object(object))
        return error_set(why, ERROR_INVALID, "must be an object");
    return knows_all(object, KNOWN, "limit", why) &&
           json_text(object, "endpoint", "", SCRIPT_ENDPOINT_SIZE - 1, &limit->endpoint, why) &&
           json_int(object, "requests_per_minute", 0, 0, INT32_MAX, &limit->limits.calls, why) &&
           json_int(object, "tokens_per_minute", 0, 0, INT64_MAX / 2, &limit->limits.tokens, why);
}

static bool read_limits(struct script *script, struct error *why)
{
    const json_t *limits = json_object_get(script->document, "limits");
    if (limits == NULL)
        return true;
    if (!json_is_array(limits) || json_array_size(limits) > SCRIPT_MAX_LIMITS)
        return error_set(why, ERROR_INVALID, "\"limits\" must be an array of at most %d",
                         SCRIPT_MAX_LIMITS);
    for (; script->limit_count < json_array_size(limits); script->limit_count++) {
        size_t nth = script->limit_count;
        if (!read_limit(json_array_get(limits, nth), &script->limits[nth], why))
            return error_prefix(why, "limit %zu", nth + 1);
    }
    return true;
}

static bool read_rules(struct script *script, struct error *why)
{
    int64_t seed;
    if (!knows_all(script->document, " seed rules limits ", "script", why) ||
        !json_int(script->document, "seed", 1, 0, INT64_MAX, &seed, why)) {
        return false;
    }
    script->random = (uint64_t)seed;
    const json_t *rules = json_object_get(script->document, "rules");
    if (!json_is_array(rules) || json_array_size(rules) > SCRIPT_MAX_RULES) {
        return error_set(why, ERROR_INVALID, "\"rules\" must be an array of at most %d",
                         SCRIPT_MAX_RULES);
    }
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        script->rule_count++;
        if (!json_is_object(rule))
            return error_set(why, ERROR_INVALID, "rule %zu must be an object", i + 1);
        if (!knows_all(rule, " when then ", "rule", why) ||
            !read_when(json_object_get(rule, "when"), &script->rules[i], why) ||
            !read_then(json_object_get(rule, "then"), &script->rules[i], why))
            return error_prefix(why, "rule %zu", i + 1);
    }
    return true;
}

struct script *script_empty(void)
{
    struct script *script = calloc(1, sizeof *script);
    CHECK(script != NULL);
    return script;
}

bool script_parse(const char *bytes, size_t length, struct script **out, struct error *why)
{
    SCOPED(script_free) struct script *script = script_empty();
    if (!json_parse(bytes, length, &script->document, why) || !read_rules(script, why) ||
        !read_limits(script, why))
        return false;
    *out = TAKE(script);
    return true;
}

void script_free(struct script **script)
{
    if (*script == NULL)
        return;
    for (size_t i = 0; i < (*script)->rule_count; i++) {
        free((*script)->rules[i].body_json);
        free((*script)->rules[i].usage_json);
    }
    json_free(&(*script)->document);
    free(*script);
    *script = NULL;
}

static double next_fraction(uint64_t *state)
{
    return (double)(splitmix_next(state) >> 11) / (double)(UINT64_C(1) << 53);
}

static bool has_text(const struct call *call, const char *wanted)
{
    for (size_t i = 0; i < call->text_count; i++)
        if (strstr(call->texts[i], wanted) != NULL)
            return true;
    return false;
}

static bool rule_matches(struct script *script, struct rule *rule, const struct call *call)
{
    if (rule->endpoint != NULL && strcmp(rule->endpoint, call->endpoint) != 0)
        return false;
    if (rule->user != NULL && strcmp(rule->user, call->user) != 0)
        return false;
    if (rule->text != NULL && !has_text(call, rule->text))
        return false;
    int64_t count = ++rule->seen;
    if ((rule->nth > 0 && count != rule->nth) || (rule->first > 0 && count > rule->first) ||
        (rule->every > 0 && count % rule->every != 0)) {
        return false;
    }
    return rule->probability < 0 || next_fraction(&script->random) < rule->probability;
}

const struct action *script_choose(struct script *script, const struct call *call, int *rule)
{
    for (size_t i = 0; i < script->rule_count; i++) {
        if (rule_matches(script, &script->rules[i], call)) {
            struct action *action = &script->rules[i].action;
            if (action->hostility.is_set)
                action->hostility.seed = splitmix_next(&script->random);
            *rule = (int)i;
            return action;
        }
    }
    *rule = -1;
    return &PLAIN;
}

struct window_limits script_limits(const struct script *script, const char *endpoint)
{
    for (size_t i = 0; i < script->limit_count; i++)
        if (strcmp(script->limits[i].endpoint, endpoint) == 0)
            return script->limits[i].limits;
    return (struct window_limits){0};
}
