/* The commands, each in a file of its own. argv[0] is "tweetpulse <command>". */
#pragma once

#include <stddef.h>

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* answers the exit code */
};

extern const struct command COMMANDS[];
extern const size_t COMMAND_COUNT;

int command_submit(int argc, char **argv);
int command_analyze(int argc, char **argv);
int command_profile(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_status(int argc, char **argv);
int command_results(int argc, char **argv);
int command_cancel(int argc, char **argv);
int command_jobs(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_usage(int argc, char **argv);
int command_pause(int argc, char **argv);
int command_resume(int argc, char **argv);
int command_drain(int argc, char **argv);
int command_limit(int argc, char **argv);
int command_clear(int argc, char **argv);
int command_maintenance(int argc, char **argv);
int command_controls(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_whatif(int argc, char **argv);
int command_completion(int argc, char **argv);
