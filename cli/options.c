#include "options.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/text.h"

static const char FALLBACK_URL[] = "http://127.0.0.1:8080";

enum { KEY_URL = 256, KEY_KEY, KEY_JSON, KEY_NO_COLOUR };

static void replace(const char **value, const char *with)
{
    char *copy = strdup(with);
    CHECK(copy != NULL);
    free((void *)(uintptr_t)*value);
    *value = copy;
}

static error_t take(int key, char *value, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_URL:
        replace(&options->url, value);
        return 0;
    case KEY_KEY:
        replace(&options->key, value);
        return 0;
    case KEY_JSON:
        options->is_json = true;
        return 0;
    case 'q':
        options->is_quiet = true;
        return 0;
    case KEY_NO_COLOUR:
        options->has_no_colour = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option ROWS[] = {
    {.name = "url", .key = KEY_URL, .arg = "URL", .doc = "where the gateway is", .group = 10},
    {.name = "key", .key = KEY_KEY, .arg = "KEY", .doc = "the API key"},
    {.name = "json", .key = KEY_JSON, .doc = "JSON on stdout, one document a line"},
    {.name = "quiet", .key = 'q', .doc = "no talk on stderr but errors"},
    {.name = "no-color", .key = KEY_NO_COLOUR, .doc = "no colours; also by NO_COLOR"},
    {0},
};

const struct argp OPTIONS_PARSER = {.options = ROWS, .parser = take};

static int take_config(void *context, const char *section, const char *name, const char *value)
{
    struct options *options = context;
    if (strcmp(section, "tweetpulse") != 0 && *section)
        return 1;
    if (strcmp(name, "url") == 0 && !options->url)
        replace(&options->url, value);
    else if (strcmp(name, "key") == 0 && !options->key)
        replace(&options->key, value);
    return 1;
}

static bool read_config(struct options *options, struct error *why)
{
    SCOPED(text_free) struct text path = {0};
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (base && *base)
        text_format(&path, "%s/tweetpulse/config.ini", base);
    else if (home && *home)
        text_format(&path, "%s/.config/tweetpulse/config.ini", home);
    else
        return true;
    if (access(path.chars, F_OK) != 0)
        return true;
    int line = ini_parse(path.chars, take_config, options);
    if (line == 0)
        return true;
    if (line > 0)
        return error_set(why, ERROR_INVALID, "%s: line %d is not understood", path.chars, line);
    return error_set(why, ERROR_INVALID, "%s: %s", path.chars, strerror(errno));
}

bool options_complete(struct options *options, struct error *why)
{
    const char *url = getenv("TWEETPULSE_URL");
    const char *key = getenv("TWEETPULSE_API_KEY");
    if (!options->url && url && *url)
        replace(&options->url, url);
    if (!options->key && key && *key)
        replace(&options->key, key);
    if ((!options->url || !options->key) && !read_config(options, why))
        return false;
    if (!options->url)
        replace(&options->url, FALLBACK_URL);
    if (!options->key) {
        return error_set(why, ERROR_DENIED,
                         "no API key: give --key, TWEETPULSE_API_KEY, or key = ... in "
                         "~/.config/tweetpulse/config.ini");
    }
    if (strncmp(options->url, "http://", 7) != 0 && strncmp(options->url, "https://", 8) != 0)
        return error_set(why, ERROR_INVALID, "not an http or https URL: %s", options->url);
    return true;
}

void options_free(struct options *options)
{
    free((void *)(uintptr_t)options->url);
    free((void *)(uintptr_t)options->key);
    *options = (struct options){0};
}

struct console options_console(const struct options *options)
{
    const char *no_colour = getenv("NO_COLOR");
    bool is_terminal = isatty(STDERR_FILENO);
    return (struct console){
        .is_quiet = options->is_quiet,
        .is_json = options->is_json,
        .is_terminal = is_terminal,
        .has_colour = is_terminal && !options->has_no_colour && !(no_colour && *no_colour),
    };
}
