/* What happens when, and the processes that live through it: killed and booted again, paused and
 * resumed.
 */
#pragma once

#include "sim.h"

/* Later, as this incarnation of the process: not at all if it has died, put off while it is
 * paused. process NULL: the world. */
void sim_after(struct sim *sim, int64_t delay, struct process *process, sim_deed *deed, void *what);
/* A copy that lasts as long as the history: for what comes later. */
void *sim_keep(struct sim *sim, const void *bytes, size_t size);
/* What is to happen next; there is always something. */
void sim_happen_next(struct sim *sim);

void sim_boot(struct sim *sim, struct process *process);
void sim_kill(struct sim *sim, struct process *process, int64_t away);
void sim_pause(struct sim *sim, struct process *process, int64_t length);
void sim_resume(struct sim *sim, struct process *process);
/* It dies by what it is doing. */
void sim_kill_soon(struct sim *sim, struct process *process);
