#include "settings.h"

#include <string.h>

#define PLACE(member) offsetof(struct analyzer_settings, member)

static const struct setting SETTINGS[] = {
    PROCESS_SETTINGS(struct analyzer_settings, process),
    {.name = "TP_LLM_ENDPOINTS",
     .type = SETTING_TEXT,
     .offset = PLACE(endpoints),
     .fallback = "",
     .max = 1000,
     .help = "JSON file with the chain of LLM endpoints, the same as the schedulers'; if empty, "
             "there is one, main, of TP_LLM_BASE_URL, _API_KEY, _MODEL and _MAX_TOKENS_FIELD"},
    {.name = "TP_LLM_BASE_URL",
     .type = SETTING_TEXT,
     .offset = PLACE(base_url),
     .fallback = "",
     .max = 1000,
     .help = "OpenAI-compatible server, with or without /v1; if empty, the embedded analysis does "
             "the work"},
    {.name = "TP_LLM_API_KEY",
     .type = SETTING_SECRET,
     .offset = PLACE(api_key),
     .fallback = "",
     .max = 4000,
     .help = "key that goes to the LLM server as a bearer token"},
    {.name = "TP_LLM_MODEL",
     .type = SETTING_TEXT,
     .offset = PLACE(model),
     .fallback = "gpt-4o-mini",
     .min = 1,
     .max = 200,
     .help = "model to ask for"},
    {.name = "TP_LLM_MAX_TOKENS_FIELD",
     .type = SETTING_CHOICE,
     .offset = PLACE(max_tokens_field),
     .fallback = "max_tokens",
     .choices = "max_tokens max_completion_tokens",
     .help = "what the server calls the limit of an answer; newer OpenAI models want the second"},
    {.name = "TP_LLM_TIMEOUT_MS",
     .type = SETTING_INT,
     .offset = PLACE(timeout_ms),
     .fallback = "30000",
     .min = 100,
     .max = 600000,
     .unit = "ms",
     .help = "longest call; no longer than the scheduler's limit of a call, whose leases end it"},
    {.name = "TP_LLM_CONNECT_TIMEOUT_MS",
     .type = SETTING_INT,
     .offset = PLACE(connect_timeout_ms),
     .fallback = "5000",
     .min = 10,
     .max = 60000,
     .unit = "ms",
     .help = "longest wait for a connection to the LLM server"},
    {.name = "TP_LLM_FIRST_BYTE_TIMEOUT_MS",
     .type = SETTING_INT,
     .offset = PLACE(first_byte_timeout_ms),
     .fallback = "0",
     .min = 0,
     .max = 600000,
     .unit = "ms",
     .help = "longest wait for the first byte of an answer, from the start of the call; 0 = none. "
             "Answers that are not streamed come whole: no shorter than they take to make"},
    {.name = "TP_LLM_SILENCE_TIMEOUT_MS",
     .type = SETTING_INT,
     .offset = PLACE(silence_timeout_ms),
     .fallback = "20000",
     .min = 0,
     .max = 600000,
     .unit = "ms",
     .help = "longest silence within an answer that has begun; 0 = none. Some servers send the "
             "headers at once and the rest when it is made"},
    {.name = "TP_LLM_CONNECTIONS",
     .type = SETTING_INT,
     .offset = PLACE(connections),
     .fallback = "0",
     .min = 0,
     .max = 1000,
     .help = "connections that this replica may have open to the LLM server; 0 = as many as it has "
             "slots. A call that finds none free waits for one. With HTTP/2 up to 100 calls share "
             "one. In the file of TP_LLM_ENDPOINTS: `connections`, of each"},
    {.name = "TP_LLM_CA_FILE",
     .type = SETTING_TEXT,
     .offset = PLACE(ca_file),
     .fallback = "",
     .max = 1000,
     .help = "PEM file with the certificate authorities that may vouch for LLM servers, instead of "
             "the system's"},
    {.name = "TP_LLM_SEND_USER",
     .type = SETTING_BOOL,
     .offset = PLACE(sends_user),
     .fallback = "true",
     .help = "send X-User, a keyed hash of tenant and user, with each call"},
    {.name = "TP_LLM_USER_SALT",
     .type = SETTING_SECRET,
     .offset = PLACE(user_salt),
     .fallback = "tweetpulse-x-user",
     .min = 16,
     .max = 64,
     .help = "key of the hash in X-User and of those by which results are kept; the same in all "
             "analyzers"},
    {.name = "TP_ANALYZER_SLOTS",
     .type = SETTING_INT,
     .offset = PLACE(slots),
     .fallback = "10",
     .min = 1,
     .max = 1000,
     .help = "calls that this replica can run at once"},
    {.name = "TP_ANALYZER_MEMORY_MB",
     .type = SETTING_INT,
     .offset = PLACE(memory_mb),
     .fallback = "0",
     .min = 0,
     .max = 65536,
     .unit = "MiB",
     .help = "resident memory above which this replica takes nothing more, until it is below nine "
             "tenths of it; 0 = none. What it does with nothing to do must fit: some 20 MiB and "
             "TP_CACHE_MEMORY_MB"},
    {.name = "TP_CACHE",
     .type = SETTING_BOOL,
     .offset = PLACE(caches),
     .fallback = "true",
     .help = "ask for no post again whose result is known; false sends every post"},
    {.name = "TP_CACHE_SHARED",
     .type = SETTING_BOOL,
     .offset = PLACE(shares_cache),
     .fallback = "false",
     .help = "use one tenant's results for another's equal posts"},
    {.name = "TP_NEAR_DUPLICATES",
     .type = SETTING_BOOL,
     .offset = PLACE(finds_near),
     .fallback = "true",
     .help =
         "give retweets and copies the result of what they copy, labelled near_duplicate; false "
         "sends them"},
    {.name = "TP_CACHE_MEMORY_MB",
     .type = SETTING_INT,
     .offset = PLACE(cache_memory_mb),
     .fallback = "16",
     .min = 0,
     .max = 4096,
     .unit = "MiB",
     .help = "results that this replica itself remembers, beside Redis; 0 = none"},
    {.name = "TP_CACHE_WAIT_MS",
     .type = SETTING_INT,
     .offset = PLACE(cache_wait_ms),
     .fallback = "50",
     .min = 1,
     .max = 10000,
     .unit = "ms",
     .help = "how long the store may take to say what Redis knows; beyond it nothing was found"},
    {.name = "TP_TOPICS",
     .type = SETTING_TEXT,
     .offset = PLACE(topics),
     .fallback = "",
     .max = 1000,
     .help =
         "JSON file with tenants' own topics, sets of words by which the embedded analysis tells "
         "what a post speaks of; if empty, everybody has the built-in ones"},
};

const struct program ANALYZER_PROGRAM = {
    .name = "analyzer",
    .summary = "analyses dispatched posts, by an LLM or by the embedded analysis",
    .settings = SETTINGS,
    .setting_count = sizeof SETTINGS / sizeof SETTINGS[0],
};

bool settings_of_endpoints(const struct analyzer_settings *settings, struct endpoints *endpoints,
                           struct text *faults)
{
    *endpoints = (struct endpoints){0};
    if (settings->endpoints[0] != '\0')
        return endpoints_load("TP_LLM_ENDPOINTS", settings->endpoints, endpoints, faults) &&
               endpoints_read_keys("TP_LLM_ENDPOINTS", endpoints, faults);
    if (settings->base_url[0] == '\0')
        return true;
    if (!endpoint_url_is_valid(settings->base_url)) {
        text_format(faults,
                    "TP_LLM_BASE_URL: is \"%s\", must begin with http:// or https:// and name a "
                    "server\n",
                    settings->base_url);
        return false;
    }
    struct endpoint only = {.name = "main",
                            .base_url = settings->base_url,
                            .model = settings->model,
                            .max_tokens_field = settings->max_tokens_field,
                            .api_key_file = "",
                            .api_key = settings->api_key,
                            .connections = (uint32_t)settings->connections};
    endpoints_single(&only, endpoints);
    return true;
}

bool settings_of_topics(const struct analyzer_settings *settings, struct topic_sets **topics,
                        struct text *faults)
{
    *topics = NULL;
    return settings->topics[0] == '\0' ||
           topic_sets_load("TP_TOPICS", settings->topics, topics, faults);
}
