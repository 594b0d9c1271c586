#include "submit.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "messages/subjects.h"
#include "messages/tasks.h"
#include "messages/texts.h"
#include "schema/schema.h"
#include "json/json.h"

enum { LANGUAGE_MAX_BYTES = 35, FIELD_FAULTS_MAX = 50, FAULTS_CAP_BYTES = 16 << 20 };

struct submission *submission_new(size_t body_length)
{
    struct submission *s = calloc(1, sizeof *s);
    CHECK(s != NULL);
    s->arena = arena_open(2 * body_length + FAULTS_CAP_BYTES);
    s->service_class = TP__SERVICE_CLASS__STANDARD;
    s->instruction = s->schema_json = "";
    s->chunk_posts = CHUNK_POSTS_DEFAULT;
    s->field_faults = arena_array(s->arena, struct post_fault, FIELD_FAULTS_MAX);
    return s;
}

void submission_free(struct submission **submission)
{
    struct submission *s = *submission;
    if (!s)
        return;
    json_decref(s->document);
    arena_close(&s->arena);
    free(s->posts);
    free(s->rejected);
    free(s);
    *submission = NULL;
}

/* ---- faults ---- */

void submission_refuse_field(struct submission *s, uint32_t line, const char *pointer,
                             const char *detail)
{
    if (s->field_fault_count < FIELD_FAULTS_MAX)
        s->field_faults[s->field_fault_count++] = (struct post_fault){
            line, arena_string(s->arena, pointer), arena_string(s->arena, detail)};
}

static void refuse(struct submission *s, uint32_t line, const char *pointer, const char *detail)
{
    if (s->rejected_count == s->rejected_capacity) {
        s->rejected_capacity = s->rejected_capacity ? 2 * s->rejected_capacity : 16;
        s->rejected = reallocarray(s->rejected, s->rejected_capacity, sizeof *s->rejected);
        CHECK(s->rejected != NULL);
    }
    s->rejected[s->rejected_count++] = (struct post_fault){line, pointer, detail};
}

void submission_refuse_post(struct submission *s, uint32_t line, const char *member,
                            const char *detail)
{
    refuse(s, line, arena_format(s->arena, "/posts/%u%s", s->next_number, member),
           arena_string(s->arena, detail));
    s->next_number++;
}

/* ---- fields of the job ---- */

static bool read_number(const char *value, int64_t most, uint32_t *number)
{
    int64_t read;
    if (!number_parse_int(value, &read) || read < 1 || read > most)
        return false;
    *number = (uint32_t)read;
    return true;
}

static bool has_task(const struct submission *s, const char *task)
{
    for (size_t i = 0; i < s->task_count; i++)
        if (strcmp(s->tasks[i], task) == 0)
            return true;
    return false;
}

static bool add_task(struct submission *s, const char *name)
{
    enum task task;
    if (!task_parse(name, &task))
        return false;
    if (!has_task(s, name))
        s->tasks[s->task_count++] = task_name(task);
    return true;
}

static bool add_tasks(struct submission *s, const char *list)
{
    char *rest = NULL;
    for (char *task = strtok_r(arena_string(s->arena, list), ", ", &rest); task;
         task = strtok_r(NULL, ", ", &rest))
        if (!add_task(s, task))
            return false;
    return true;
}

/* Rule 6. */
static void set_instruction(struct submission *s, const char *value)
{
    size_t length = strlen(value);
    if (length < 1 || length > INSTRUCTION_MAX_BYTES ||
        !text_is_valid((const uint8_t *)value, length))
        submission_refuse_field(s, 0, "/instruction", "must be 1 to 2000 bytes of UTF-8");
    else
        s->instruction = arena_string(s->arena, value);
}

/* The fault's own place, if it has one, stands below the schema's. */
static void refuse_schema(struct submission *s, const char *message)
{
    const char *colon = message[0] == '/' ? strstr(message, ": ") : NULL;
    size_t length = colon ? (size_t)(colon - message) : 0;
    submission_refuse_field(s, 0, arena_format(s->arena, "/schema%.*s", (int)length, message),
                            colon ? colon + 2 : message);
}

void submission_schema(struct submission *s, const void *schema)
{
    struct error why;
    if (!schema_check(schema, &why)) {
        refuse_schema(s, why.message);
        return;
    }
    SCOPED(text_free) struct text written = {0};
    schema_write(schema, &written);
    s->schema_json = arena_string(s->arena, written.chars);
}

static void set_schema(struct submission *s, const char *value)
{
    SCOPED(json_free) json_t *schema = NULL;
    struct error why;
    if (json_parse(value, strlen(value), &schema, &why))
        submission_schema(s, schema);
    else
        refuse_schema(s, why.message);
}

static void set_user(struct submission *s, const char *value)
{
    if (id_is_valid(value, USER_ID_MAX_BYTES))
        s->user = arena_string(s->arena, value);
    else
        submission_refuse_field(s, 0, "/user", "must be 1 to 200 bytes without control characters");
}

static void set_on_bad(struct submission *s, const char *value)
{
    s->skips_bad = strcmp(value, "skip") == 0;
    if (!s->skips_bad && strcmp(value, "reject") != 0)
        submission_refuse_field(s, 0, "/on_bad", "must be reject or skip");
}

void submission_field(struct submission *s, const char *name, const char *value)
{
    if (s->field_fault_count == FIELD_FAULTS_MAX)
        return;
    if (strcmp(name, "user") == 0)
        set_user(s, value);
    else if (strcmp(name, "on_bad") == 0)
        set_on_bad(s, value);
    else if (strcmp(name, "class") == 0) {
        if (!class_parse(value, &s->service_class))
            submission_refuse_field(s, 0, "/class",
                                    "must be interactive, premium, standard or background");
    } else if (strcmp(name, "tasks") == 0) {
        if (!add_tasks(s, value))
            submission_refuse_field(
                s, 0, "/tasks",
                "known tasks are sentiment, entities, keywords, topics, summary and language");
    } else if (strcmp(name, "deadline_seconds") == 0) {
        if (!read_number(value, DEADLINE_MAX_SECONDS, &s->deadline_seconds))
            submission_refuse_field(s, 0, "/deadline_seconds",
                                    "must be a whole number from 1 to 2592000");
    } else if (strcmp(name, "queue_ttl_seconds") == 0) {
        if (!read_number(value, DEADLINE_MAX_SECONDS, &s->queue_ttl_seconds))
            submission_refuse_field(s, 0, "/queue_ttl_seconds",
                                    "must be a whole number from 1 to 2592000");
    } else if (strcmp(name, "chunk_size") == 0) {
        if (!read_number(value, CHUNK_MAX_POSTS, &s->chunk_posts))
            submission_refuse_field(s, 0, "/chunk_size", "must be a whole number from 1 to 100");
    } else if (strcmp(name, "instruction") == 0) {
        set_instruction(s, value);
    } else if (strcmp(name, "schema") == 0) {
        set_schema(s, value);
    } else {
        submission_refuse_field(s, 0, arena_format(s->arena, "/%s", name), "is no known member");
    }
}

/* ---- posts ---- */

bool submission_has_room(struct submission *s)
{
    if (s->next_number >= JOB_MAX_POSTS)
        s->is_oversized = true;
    return !s->is_oversized;
}

static struct post *new_post(struct submission *s)
{
    if (s->post_count == s->post_capacity) {
        s->post_capacity = s->post_capacity ? 2 * s->post_capacity : 64;
        s->posts = reallocarray(s->posts, s->post_capacity, sizeof *s->posts);
        CHECK(s->posts != NULL);
    }
    return &s->posts[s->post_count++];
}

/* What is wrong with it by rules 1 and 2, but for uniqueness; NULL = nothing. */
static const char *fault_of(const struct raw_post *post, const char **member)
{
    *member = "/text";
    if (!post->text.at)
        return "a post needs a text";
    if (post->text.length == 0)
        return "the text is empty";
    if (post->text.length > POST_MAX_TEXT_BYTES)
        return "the text is longer than 32768 bytes";
    if (!text_is_valid(post->text.at, post->text.length))
        return "the text is not valid UTF-8, or has a NUL";
    *member = "/id";
    if (post->id &&
        (strlen(post->id) != post->id_length || !id_is_valid(post->id, POST_ID_MAX_BYTES)))
        return "an id has 1 to 100 bytes of UTF-8 without control characters";
    *member = "/lang";
    if (post->language && *post->language && !id_is_valid(post->language, LANGUAGE_MAX_BYTES))
        return "a language has at most 35 bytes without control characters";
    return NULL;
}

void submission_add_post(struct submission *s, const struct raw_post *raw)
{
    const char *member;
    const char *fault = fault_of(raw, &member);
    if (fault) {
        submission_refuse_post(s, raw->line, member, fault);
        return;
    }
    struct post *post = new_post(s);
    s->next_number++;
    *post = (struct post){
        .id = raw->id ? raw->id : arena_format(s->arena, "%u", s->next_number),
        .text = raw->text,
        .language = raw->language ? raw->language : "",
        .line = raw->line,
        .number = s->next_number - 1,
    };
}

/* ---- the end ---- */

static int by_id_then_number(const void *a, const void *b)
{
    const struct post *const *x = a, *const *y = b;
    int order = strcmp((*x)->id, (*y)->id);
    if (order != 0)
        return order;
    return (*x)->line<(*y)->line ? -1 : (*x)->line>(*y)->line;
}

/* Rule 2: the first of several with one id is good, the others are refused. */
static void refuse_repeated_ids(struct submission *s)
{
    const struct post **sorted = calloc(s->post_count + 1, sizeof *sorted);
    bool *is_repeated = calloc(s->post_count + 1, sizeof *is_repeated);
    CHECK(sorted && is_repeated);
    for (size_t i = 0; i < s->post_count; i++)
        sorted[i] = &s->posts[i];
    qsort(sorted, s->post_count, sizeof *sorted, by_id_then_number);
    const struct post *first = sorted[0];
    for (size_t i = 1; i < s->post_count; i++) {
        if (strcmp(sorted[i]->id, first->id) != 0) {
            first = sorted[i];
            continue;
        }
        is_repeated[sorted[i] - s->posts] = true;
        refuse(s, sorted[i]->line, arena_format(s->arena, "/posts/%u/id", sorted[i]->number),
               arena_format(s->arena, "the id \"%.100s\" stands on line %u too", first->id,
                            first->line));
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->post_count; i++)
        if (!is_repeated[i])
            s->posts[kept++] = s->posts[i];
    s->post_count = kept;
    free(sorted);
    free(is_repeated);
}

static int by_line(const void *a, const void *b)
{
    const struct post_fault *x = a, *y = b;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Rule 6. */
static void settle_tasks(struct submission *s)
{
    bool has_instruction = s->instruction[0] != '\0', has_schema = s->schema_json[0] != '\0';
    if (has_instruction != has_schema && s->field_fault_count == 0)
        submission_refuse_field(s, 0, has_instruction ? "/schema" : "/instruction",
                                "an instruction comes with a schema of its answers");
    if (s->task_count > 0 || has_instruction)
        return;
    for (int i = 0; i < TASK_COUNT; i++)
        s->tasks[s->task_count++] = task_name((enum task)i);
}

void submission_finish(struct submission *s, const char *default_user)
{
    if (!s->user)
        s->user = default_user;
    settle_tasks(s);
    if (s->is_oversized)
        submission_refuse_field(s, 0, "/posts", "a job may have 10000 posts");
    else if (s->next_number == 0 && s->field_fault_count == 0)
        submission_refuse_field(s, 0, "/posts", "a job needs at least one post");
    refuse_repeated_ids(s);
    if (s->rejected_count > 1)
        qsort(s->rejected, s->rejected_count, sizeof *s->rejected, by_line);
}

bool submission_is_acceptable(const struct submission *s)
{
    return s->field_fault_count == 0 && s->post_count > 0 &&
           (s->rejected_count == 0 || s->skips_bad);
}

static void write_fault(const struct post_fault *fault, struct text *out)
{
    text_add(out, "{");
    if (fault->line > 0)
        text_format(out, "\"line\":%u", fault->line);
    text_add_json_member(out, "pointer", fault->pointer);
    text_add_json_member(out, "detail", fault->detail);
    text_add(out, "}");
}

void submission_write_errors(const struct submission *s, struct text *out)
{
    size_t shown = 0;
    text_add(out, "\"errors\":[");
    for (size_t i = 0; i < s->field_fault_count && shown < FAULTS_SHOWN; i++, shown++) {
        text_add(out, shown ? "," : "");
        write_fault(&s->field_faults[i], out);
    }
    for (size_t i = 0; i < s->rejected_count && shown < FAULTS_SHOWN; i++, shown++) {
        text_add(out, shown ? "," : "");
        write_fault(&s->rejected[i], out);
    }
    text_format(out, "],\"error_count\":%zu", s->field_fault_count + s->rejected_count);
}
