#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "outcome.h"

const struct command COMMANDS[] = {
    {"submit", "send the posts of a file for analysis", command_submit},
    {"watch", "show the progress of jobs until they are over", command_watch},
    {"results", "print the results of a job", command_results},
    {"status", "show how far jobs are", command_status},
    {"jobs", "list jobs", command_jobs},
    {"cancel", "cancel jobs", command_cancel},
    {"usage", "show what was used, and what it cost", command_usage},
    {"audit", "show how far models agree with themselves", command_audit},
    {"analyze", "analyse the posts of a file here, without the service", command_analyze},
    {"profile", "tell how the author of a file's posts writes, and write more", command_profile},
    {"pause", "let what is submitted wait", command_pause},
    {"resume", "undo pause and drain", command_resume},
    {"drain", "accept nothing new and do what is there", command_drain},
    {"limit", "set limits of an endpoint, tenant or user", command_limit},
    {"clear", "take back all that is set", command_clear},
    {"maintenance", "hold, refuse or reduce everything", command_maintenance},
    {"controls", "list what operators have set", command_controls},
    {"replay", "check this build's scheduler against a recorded trace", command_replay},
    {"whatif", "run recorded work again under other settings", command_whatif},
    {"completion", "print a completion script for bash, zsh or fish", command_completion},
};
const size_t COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS;

static const char COMMON_OPTIONS[] = "--url --key --json --quiet --no-color --help";
static const char SUBMIT_OPTIONS[] = "--user --class --tasks --instruction --schema --chunk-size "
                                     "--deadline --queue-ttl --on-bad --idempotency-key "
                                     "--format --text-column --id-column --no-header --wait "
                                     "--dry-run";

static const char SCOPES[] = "system endpoint tenant user";
static const char LIMIT_OPTIONS[] = "--rpm --tpm --in-flight --usd-per-day --shadow --enforce "
                                    "--defaults --weight --burst --queue --tenant";

static void print_names(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("%s%s", i ? " " : "", COMMANDS[i].name);
}

static void print_bash(void)
{
    fputs("_tweetpulse() {\n"
          "    local word=\"${COMP_WORDS[COMP_CWORD]}\" words\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        words=\"",
          stdout);
    print_names();
    printf(
        "\"\n"
        "    else\n"
        "        words=\"%s\"\n"
        "        case \"${COMP_WORDS[1]}\" in\n"
        "        submit) words=\"$words %s\" ;;\n"
        "        results) words=\"$words --format\" ;;\n"
        "        analyze) words=\"--format --text-column --id-column --no-header --topics "
        "--tenant --quiet --help\" ;;\n"
        "        profile) words=\"--generate --seed --fit --format --text-column --id-column "
        "--no-header --topics --tenant --quiet --help\" ;;\n"
        "        jobs) words=\"$words --status --user --limit\" ;;\n"
        "        usage) words=\"$words --group-by --from --to --user --tenant\" ;;\n"
        "        audit) words=\"$words --days\" ;;\n"
        "        pause|resume|drain) words=\"$words %s --message --tenant\" ;;\n"
        "        clear) words=\"$words %s --tenant\" ;;\n"
        "        limit) words=\"$words %s %s\" ;;\n"
        "        maintenance) words=\"$words on refuse reduced off --message\" ;;\n"
        "        controls) words=\"$words --tenant\" ;;\n"
        "        whatif) words=\"$words --users --calls --rpm --tpm --replicas --slots --fairness "
        "--price\" ;;\n"
        "        completion) words=\"bash zsh fish\" ;;\n"
        "        esac\n"
        "    fi\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
        "}\n"
        "complete -o default -F _tweetpulse tweetpulse\n",
        COMMON_OPTIONS, SUBMIT_OPTIONS, SCOPES, SCOPES, SCOPES, LIMIT_OPTIONS);
}

static void print_zsh(void)
{
    fputs("autoload -U +X bashcompinit && bashcompinit\n", stdout);
    print_bash();
}

static void print_fish(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("complete -c tweetpulse -n __fish_use_subcommand -f -a %s -d '%s'\n",
               COMMANDS[i].name, COMMANDS[i].summary);
    }
    fputs(
        "complete -c tweetpulse -l url -x\n"
        "complete -c tweetpulse -l key -x\n"
        "complete -c tweetpulse -l json\n"
        "complete -c tweetpulse -l quiet\n"
        "complete -c tweetpulse -l no-color\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from submit' -l wait\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from submit' -l dry-run\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from submit' -l on-bad -x -a 'skip "
        "reject'\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from submit analyze profile' -l format "
        "-x -a "
        "'auto jsonl json csv text'\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from submit analyze profile' -l "
        "text-column -x\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from submit analyze profile' -l "
        "id-column -x\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from submit analyze profile' -l "
        "no-header\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from results' -l format -x -a 'jsonl "
        "json csv'\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from usage' -l group-by -x -a 'day hour "
        "user model endpoint class tenant'\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from pause resume drain limit clear' -f "
        "-a 'system endpoint tenant user'\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from pause resume drain maintenance' -s "
        "m -l message -x\n"
        "complete -c tweetpulse -n '__fish_seen_subcommand_from maintenance' -f -a 'on refuse "
        "reduced off'\n",
        stdout);
}

int command_completion(int argc, char **argv)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } SHELLS[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; argc == 2 && i < sizeof SHELLS / sizeof *SHELLS; i++) {
        if (strcmp(argv[1], SHELLS[i].shell) == 0) {
            SHELLS[i].print();
            return END_OK;
        }
    }
    fputs("Usage: tweetpulse completion bash|zsh|fish\n"
          "For example: tweetpulse completion bash > ~/.local/share/bash-completion/completions/"
          "tweetpulse\n",
          stderr);
    return END_USAGE;
}
