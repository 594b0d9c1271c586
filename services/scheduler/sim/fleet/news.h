/* What is told to all who listen, whoever they are: without a stream, so that it may get lost. */
#pragma once

#include "sim.h"

/* To each scheduler; copied, what it points to is lent. */
void news_tell(struct sim *sim, uint32_t from, uint32_t loss_permille, const struct event *event);
/* To each analyzer, by the store. */
void news_cancel(struct sim *sim, const struct model_job *job);
