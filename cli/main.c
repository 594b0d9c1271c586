/* tweetpulse: the command a person types.
 *
 * Hears  arguments, a file or stdin, the gateway's answers
 * Says   data on stdout, talk on stderr, how it went as its exit code (outcome.h)
 * Keeps  nothing; its configuration is read, never written
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "interrupt.h"
#include "outcome.h"

static void print_help(FILE *out)
{
    fputs("Usage: tweetpulse COMMAND [OPTION...]\nAnalysis of posts by TweetPulse.\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-11s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
    fputs("\ntweetpulse COMMAND --help says more. The service is found by --url and --key,\n"
          "TWEETPULSE_URL and TWEETPULSE_API_KEY, or ~/.config/tweetpulse/config.ini.\n"
          "Exit codes: 0 ok, 1 a job failed, 2 usage, 3 not allowed, 4 not found,\n"
          "5 rate-limited or unavailable, 130 interrupted.\n",
          out);
}

int main(int argc, char **argv)
{
    argp_err_exit_status = END_USAGE;
    if (argc < 2) {
        print_help(stderr);
        return END_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return END_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("tweetpulse " TP_VERSION);
        return END_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) == 0) {
            char name[64];
            snprintf(name, sizeof name, "tweetpulse %s", argv[1]);
            argv[1] = name;
            interrupt_listen();
            return COMMANDS[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "tweetpulse: no such command: %s; see tweetpulse --help\n", argv[1]);
    return END_USAGE;
}
