#include "sums.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "views.h"

static void reach(struct history *history, int64_t at_us)
{
    if (at_us > history->end_us)
        history->end_us = at_us;
}

void sums_span(struct history *history)
{
    history->begun_us = -1;
    for (const struct past_job *job = history->jobs; job; job = job->hh.next) {
        if (job->came_us >= 0 && (history->begun_us < 0 || job->came_us < history->begun_us))
            history->begun_us = job->came_us;
        reach(history, job->finish_us);
        for (size_t i = 0; i < job->count; i++)
            for (const struct past_call *call = job->chunks[i].calls; call; call = call->older)
                reach(history, call->over_us);
    }
    if (history->begun_us < 0)
        history->begun_us = 0;
}

/* ---- calls ---- */
static struct model_use *use_of(struct history *history, const struct past_call *call)
{
    const struct scheduler_config *config = &history->setting.config;
    for (uint32_t i = 0; i < config->endpoint_count; i++)
        if (call->is_granted && strcmp(config->endpoints[i].name, call->endpoint) == 0)
            return &history->use.of[i];
    return &history->use.of_others;
}

/* Its grant is missing in the trace: it is taken for one of the first endpoint. */
static uint64_t guess_micros(const struct history *history, const struct past_call *call)
{
    const struct endpoint_config *first = &history->setting.config.endpoints[0];
    uint64_t prompt = call->prompt_tokens, completion = call->completion_tokens;
    return (prompt * first->prompt_nanos + completion * first->completion_nanos + 999) / 1000;
}

static void add_call(struct history *history, const struct past_call *call)
{
    struct model_use *use = use_of(history, call);
    bool is_priced = call->is_granted || call->micros > 0;
    use->calls++;
    use->failed += !views_is_good(call);
    use->tokens += call->tokens;
    use->micros += is_priced ? call->micros : guess_micros(history, call);
    history->use.without_usage += !call->is_usage_known;
    history->use.without_price += !is_priced;
}

static void add_unheard(struct history *history, const struct past_call *call)
{
    struct model_use *use = use_of(history, call);
    use->calls++;
    use->tokens += call->booked_tokens;
    use->micros += call->booked_micros;
    history->use.unheard++;
}

static void sum_call(struct history *history, const struct past_call *call)
{
    history->use.call_us += views_call_us(call);
    bool may_run = call->was_left_open || (call->permitted_us > 0 && !call->is_free);
    if (call->over_us == 0 && may_run)
        add_unheard(history, call);
    if (call->over_us == 0)
        return;
    history->use.embedded += call->mode == MODE_EMBEDDED;
    history->use.cached += views_is_cached(call);
    if (call->was_called)
        add_call(history, call);
}

/* ---- lengths and sizes ---- */
static void add_sample(struct history *history, const struct call_sample *sample)
{
    if (history->sample_count == history->sample_capacity) {
        history->sample_capacity = history->sample_capacity ? history->sample_capacity * 2 : 256;
        history->samples =
            reallocarray(history->samples, history->sample_capacity, sizeof(history->samples[0]));
        CHECK(history->samples);
    }
    history->samples[history->sample_count++] = *sample;
}

/* Of calls that did the whole of a chunk. */
struct rates {
    uint64_t prompt_tokens, completion_tokens, bytes;
};

static void learn(struct history *history, struct rates *rates, const struct past_chunk *chunk)
{
    const struct past_call *call = chunk->calls;
    if (!call || call->older || !call->was_called || !views_is_good(call))
        return;
    if (views_call_us(call) > 0)
        add_sample(history, &(struct call_sample){.text_bytes = chunk->text_bytes,
                                                  .took_us = views_call_us(call)});
    if (!call->is_usage_known)
        return;
    rates->prompt_tokens += call->prompt_tokens;
    rates->completion_tokens += call->completion_tokens;
    rates->bytes += chunk->text_bytes;
}

static void sum_chunk(struct history *history, struct rates *rates, const struct past_job *job,
                      const struct past_chunk *chunk)
{
    for (const struct past_call *call = chunk->calls; call; call = call->older)
        sum_call(history, call);
    learn(history, rates, chunk);
    if (!views_is_work(job, chunk))
        return;
    history->chunks += !chunk->is_part;
    history->drawn += views_is_drawn(job, chunk);
}

void sums_calls(struct history *history)
{
    const double bytes_per_token = 4;
    struct rates rates = {0};
    for (const struct past_job *job = history->jobs; job; job = job->hh.next) {
        uint64_t before = history->chunks;
        for (size_t i = 0; i < job->count; i++)
            sum_chunk(history, &rates, job, &job->chunks[i]);
        history->job_count += history->chunks > before;
    }
    struct history_setting *setting = &history->setting;
    setting->prompt_per_byte = 1 / bytes_per_token;
    if (rates.bytes > 0) {
        setting->prompt_per_byte = (double)rates.prompt_tokens / (double)rates.bytes;
        setting->completion_per_byte = (double)rates.completion_tokens / (double)rates.bytes;
    }
}
