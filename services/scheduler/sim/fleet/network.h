/* Letters between nodes: lost, late, twice, overtaken, or none at all while the nodes are cut off.
 */
#pragma once

#include "sim.h"

struct letter {
    const char *name;
    uint32_t from, to, loss_permille;
    uint32_t about;
    sim_deed *deed;
    void *what;
};
void sim_send(struct sim *sim, const struct letter *letter);
bool sim_is_cut(const struct sim *sim, uint32_t from, uint32_t to);
