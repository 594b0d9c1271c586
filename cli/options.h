/* What every command takes: where the service is, which key, how to talk. From the command line,
 * else TWEETPULSE_URL and TWEETPULSE_API_KEY, else ~/.config/tweetpulse/config.ini, else loopback.
 */
#pragma once

#include <argp.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/scoped.h"
#include "console.h"

struct options {
    const char *url, *key; /* owned */
    bool is_json, is_quiet, has_no_colour;
};

/* A child for the argp of each command; its input is a struct options. */
extern const struct argp OPTIONS_PARSER;

/* Fills what was not given. */
MUST_USE bool options_complete(struct options *options, struct error *why);
void options_free(struct options *options);

struct console options_console(const struct options *options);
