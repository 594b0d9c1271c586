#include <argp.h>
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "outcome.h"
#include "recording.h"
#include "trace/replay.h"

static const struct argp_child RECORDING[] = {{.argp = &RECORDING_PARSER}, {0}};
static error_t take(int key, char *value, struct argp_state *state)
{
    (void)value;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

static const struct argp PARSER = {
    .parser = take,
    .args_doc = "TRACE",
    .doc =
        "Runs the scheduler's core of this build over a trace that trace_export has written, and "
        "compares every decision.\vExit codes: 0 identical; 1 different, or a part of it is "
        "damaged; 2 no trace, or cut off; 4 no such file.",
    .children = RECORDING,
};

static void print_gaps(const struct replay *replay)
{
    if (replay->gaps > 0)
        printf("%" PRIu64 " gaps: %" PRIu64 " batches and %" PRIu64 " more steps are missing\n",
               replay->gaps, replay->lost_batches, replay->lost_steps);
    if (replay->unchecked > 0)
        printf("%" PRIu64 " steps could not be checked: the beginning of their chapter is not "
               "there, or steps before them are missing\n",
               replay->unchecked);
}

static void print_words(const struct replay *replay)
{
    printf("%" PRIu64 " chapters, %" PRIu64 " events, %" PRIu64 " decisions", replay->chapters,
           replay->events, replay->decisions);
    if (!replay->is_different) {
        puts(replay->events > 0 ? ", identical" : ": nothing to compare");
    } else {
        printf(", different at step %" PRIu64 " of chapter %" PRIu64 ", %.3f s into it\n%s",
               replay->step, replay->chapter, (double)replay->into_ns / 1e9, replay->told.chars);
    }
    print_gaps(replay);
}

static void print_json(const struct replay *replay)
{
    SCOPED(text_free) struct text out = {0};
    text_format(&out,
                "{\"chapters\":%" PRIu64 ",\"events\":%" PRIu64 ",\"decisions\":%" PRIu64
                ",\"identical\":%s,\"unchecked\":%" PRIu64 ",\"gaps\":%" PRIu64,
                replay->chapters, replay->events, replay->decisions,
                replay->is_different ? "false" : "true", replay->unchecked, replay->gaps);
    if (replay->is_different) {
        text_format(&out, ",\"chapter\":%" PRIu64 ",\"step\":%" PRIu64 ",\"difference\":",
                    replay->chapter, replay->step);
        text_add_json(&out, replay->told.chars, replay->told.length);
    }
    text_add_char(&out, '}');
    puts(out.chars);
}

int command_replay(int argc, char **argv)
{
    struct recording recording = {0};
    if (argp_parse(&PARSER, argc, argv, 0, NULL, &recording) != 0)
        return END_USAGE;
    SCOPED(trace_close) struct trace *trace = NULL;
    struct error why;
    if (!trace_open(recording.path, &trace, &why)) {
        fprintf(stderr, "tweetpulse: %s\n", why.message);
        return end_of_error(&why);
    }
    SCOPED(replay_free) struct replay replay;
    bool is_read = replay_run(trace, &replay, &why);
    if (recording.is_json)
        print_json(&replay);
    else
        print_words(&replay);
    if (!is_read)
        fprintf(stderr, "tweetpulse: %s: %s\n", recording.path, why.message);
    return is_read && !replay.is_different && replay.events > 0 ? END_OK : END_JOB_FAILED;
}
