/* What is told of a history: its lines, and the first rule that was broken. */
#include <stdarg.h>
#include <stdio.h>

#include "sim.h"

const char *sim_node_name(uint32_t node)
{
    static const char *const NAMES[NODES] = {
        "scheduler 0", "scheduler 1", "analyzer 0", "analyzer 1", "analyzer 2", "store", "broker"};
    return node < NODES ? NAMES[node] : "";
}

void sim_tell(const struct sim *sim, uint32_t node, const char *format, ...)
{
    if (!sim->history.is_told)
        return;
    printf("%10.3f s  %-12s ", (double)sim->now / SECOND, sim_node_name(node));
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void sim_violation(struct sim *sim, const char *rule, const char *format, ...)
{
    if (sim->violations++ > 0)
        return;
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sim_tell(sim, NODES, "VIOLATED: %s: %s", rule, text);
    snprintf(sim->first_rule, sizeof(sim->first_rule), "%s", rule);
    snprintf(sim->first_violation, sizeof(sim->first_violation), "%s: %s", rule, text);
}
