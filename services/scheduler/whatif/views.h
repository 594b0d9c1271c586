/* How recorded chunks came to their results, and what the model is to do for it. Pure. */
#pragma once

#include "history.h"

/* It brought results. */
bool views_is_good(const struct past_call *call);
/* No call was needed: all of it was known. */
bool views_is_cached(const struct past_call *call);
/* From its permit to its outcome; 0 = not known. */
uint32_t views_call_us(const struct past_call *call);
/* Was it worked on, itself or its parts? */
bool views_is_work(const struct past_job *job, const struct past_chunk *chunk);
/* It is work, and was not split; but how long its call takes is to be drawn. */
bool views_is_drawn(const struct past_job *job, const struct past_chunk *chunk);
