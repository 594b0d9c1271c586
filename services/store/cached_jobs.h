/* What is kept in Redis of a job that is over: its view, and its first results. */
#pragma once

#include <stdint.h>

#include "cache.h"
#include "messages/messages.h"

enum { CACHED_KEY_SIZE = 200 };

void cached_view_key(const char *tenant_id, const char *job_id, char key[CACHED_KEY_SIZE]);
void cached_results_key(const char *tenant_id, const char *job_id, char key[CACHED_KEY_SIZE]);

/* Only results from the first on are kept, of whatever page was asked for first: is that page what
 * one of this limit would be? Pure. */
bool cached_results_fit(const Tp__ResultsReply *kept, uint32_t limit);

/* The job's results have changed. */
void cached_job_drop(struct cache *cache, const char *tenant_id, const char *job_id);
