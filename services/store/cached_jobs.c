#include "cached_jobs.h"

#include <stdio.h>

void cached_view_key(const char *tenant_id, const char *job_id, char key[CACHED_KEY_SIZE])
{
    snprintf(key, CACHED_KEY_SIZE, "tp:job:%s:%s", tenant_id, job_id);
}

void cached_results_key(const char *tenant_id, const char *job_id, char key[CACHED_KEY_SIZE])
{
    snprintf(key, CACHED_KEY_SIZE, "tp:results:%s:%s", tenant_id, job_id);
}

bool cached_results_fit(const Tp__ResultsReply *kept, uint32_t limit)
{
    return kept->n_rows == limit || (kept->n_rows < limit && !kept->has_more);
}

void cached_job_drop(struct cache *cache, const char *tenant_id, const char *job_id)
{
    char key[CACHED_KEY_SIZE];
    cached_view_key(tenant_id, job_id, key);
    cache_drop(cache, key);
    cached_results_key(tenant_id, job_id, key);
    cache_drop(cache, key);
}
