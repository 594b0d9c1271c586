/* profile: how an author writes, from their posts; new posts in that manner; what fits it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/number.h"
#include "commands.h"
#include "embedded/profile/profile.h"
#include "outcome.h"
#include "source.h"

enum {
    MOST_GENERATED = 1000,
    MOST_MISSED = 40, /* seeds in a row */
};

struct arguments {
    struct source source;
    const char *fit; /* a file of posts to be told how well they fit */
    int64_t generate, seed;
};

enum { KEY_GENERATE = 300, KEY_SEED, KEY_FIT };

static const struct argp_option ROWS[] = {
    {.name = "generate",
     .key = KEY_GENERATE,
     .arg = "N",
     .doc = "instead of the profile, write N new posts in its manner"},
    {.name = "seed",
     .key = KEY_SEED,
     .arg = "S",
     .doc = "of the first of them (default 1): the same seed gives the same post; one that gives "
            "none, or one that was told, is passed over"},
    {.name = "fit",
     .key = KEY_FIT,
     .arg = "FILE",
     .doc = "instead of the profile, tell how well each post of another file fits it"},
    {0},
};

static void take_number(const char *value, int64_t most, int64_t *number, struct argp_state *state)
{
    if (!number_parse_int(value, number) || *number < 1 || *number > most)
        argp_error(state, "a whole number from 1 to %" PRId64 " is wanted, not %s", most, value);
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->source;
        return 0;
    case KEY_GENERATE:
        take_number(value, MOST_GENERATED, &arguments->generate, state);
        return 0;
    case KEY_SEED:
        take_number(value, INT64_MAX - (int64_t)MOST_GENERATED * MOST_MISSED, &arguments->seed,
                    state);
        return 0;
    case KEY_FIT:
        arguments->fit = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->fit && arguments->generate > 0)
            argp_error(state, "--fit or --generate, not both");
        if (arguments->fit && arguments->source.name && strcmp(arguments->fit, "-") == 0 &&
            strcmp(arguments->source.name, "-") == 0)
            argp_error(state, "standard input can be one file, not both");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child SOURCE[] = {{.argp = &SOURCE_PARSER}, {0}};

static const struct argp PARSER = {
    .options = ROWS,
    .parser = take,
    .args_doc = "FILE",
    .doc =
        "Tells how the author of a file's posts writes: length, rhythm, structure, tags, emoji, "
        "links, topics and sentiment, as one JSON object; no service, no key, no network. The "
        "file is read as by tweetpulse analyze; rhythm needs a member or column created_at.\v"
        "A new post, and a post that is asked about, come with a confidence from 0 to 1: how well "
        "it fits the author. Exit codes are those of tweetpulse analyze; 1 also says that the "
        "posts are too few, or too much alike, for a new one.",
    .children = SOURCE,
};

static struct piece piece_of(const char *chars)
{
    return (struct piece){chars, chars ? strlen(chars) : 0};
}

static void add_row(void *context, const struct input_row *row)
{
    profile_add(context, &(struct profile_post){.text = {row->text, row->text_length},
                                                .created_at = piece_of(row->created_at)});
}

static void fit_row(void *context, const struct input_row *row)
{
    struct profile *profile = context;
    SCOPED(text_free) struct text line = {0};
    text_add(&line, "{");
    text_add_json_member(&line, "id", row->id);
    text_format(&line, ",\"confidence\":%.3f}\n",
                profile_fit(profile, (struct piece){row->text, row->text_length}));
    fputs(line.chars, stdout);
}

static bool tell_fits(const struct arguments *arguments, struct profile *profile, int *end)
{
    struct source asked = {.name = arguments->fit,
                           .input = arguments->source.input,
                           .is_quiet = arguments->source.is_quiet};
    bool is_read = source_open(&asked, end) && source_read(&asked, fit_row, profile, end);
    source_close(&asked);
    return is_read;
}

/* The posts that were told: none is told twice. */
struct told {
    struct text posts[MOST_GENERATED];
    size_t count;
};

static void told_free(struct told **told)
{
    for (size_t i = 0; i < (*told)->count; i++)
        text_free(&(*told)->posts[i]);
    free(*told);
    *told = NULL;
}

/* Takes the post if it is new. */
static bool take_new(struct told *told, struct text *post)
{
    for (size_t i = 0; i < told->count; i++) {
        if (strcmp(told->posts[i].chars, post->chars) == 0)
            return false;
    }
    told->posts[told->count++] = *post;
    *post = (struct text){0};
    return true;
}

static void print_new(const struct text *post, double fit, int64_t seed)
{
    SCOPED(text_free) struct text line = {0};
    text_add(&line, "{\"text\":");
    text_add_json(&line, post->chars, post->length);
    text_format(&line, ",\"confidence\":%.3f,\"seed\":%" PRId64 "}\n", fit, seed);
    fputs(line.chars, stdout);
}

static bool fail(const struct arguments *arguments, const struct told *told,
                 const struct error *why, int *end)
{
    fprintf(stderr, "tweetpulse: %s: %zu of %" PRId64 " new posts: %s\n", arguments->source.name,
            told->count, arguments->generate, why->message);
    *end = END_JOB_FAILED;
    return false;
}

/* A seed that gives no post, or one that was told, is passed over. */
static bool generate(const struct arguments *arguments, struct profile *profile, int *end)
{
    SCOPED(told_free) struct told *told = calloc(1, sizeof *told);
    CHECK(told != NULL);
    int64_t seed = arguments->seed > 0 ? arguments->seed : 1;
    struct error why;
    for (int missed = 0; told->count < (size_t)arguments->generate; seed++) {
        SCOPED(text_free) struct text text = {0};
        double fit;
        error_set(&why, ERROR_NOT_FOUND, "what can be made of these posts was told");
        if (profile_generate(profile, (uint64_t)seed, &text, &fit, &why) && take_new(told, &text)) {
            print_new(&told->posts[told->count - 1], fit, seed);
            missed = 0;
        } else if (++missed == MOST_MISSED) {
            return fail(arguments, told, &why, end);
        }
    }
    return true;
}

static void print_profile(const struct profile *profile)
{
    SCOPED(text_free) struct text json = {0};
    profile_write_json(profile, &json);
    puts(json.chars);
}

/* A row that was no post stays in the exit code whatever comes behind it. */
static void work(struct arguments *arguments, int *end)
{
    SCOPED(profile_close) struct profile *profile = profile_open(arguments->source.topics);
    if (!source_read(&arguments->source, add_row, profile, end))
        return;
    int after = END_OK;
    bool is_done = true;
    if (arguments->fit)
        is_done = tell_fits(arguments, profile, &after);
    else if (arguments->generate > 0)
        is_done = generate(arguments, profile, &after);
    else
        print_profile(profile);
    *end = after != END_OK ? after : *end;
    if (is_done && !source_flush(end))
        return;
    if (is_done && !arguments->source.is_quiet)
        fprintf(stderr, "profile of %zu posts, %zu rows were no posts\n", arguments->source.posts,
                arguments->source.rejects);
}

int command_profile(int argc, char **argv)
{
    struct arguments arguments = {0};
    if (argp_parse(&PARSER, argc, argv, 0, NULL, &arguments) != 0)
        return END_USAGE;
    int end = END_OK;
    if (source_open(&arguments.source, &end))
        work(&arguments, &end);
    source_close(&arguments.source);
    return end;
}
