/* What operators set, as JSON: read into a control and checked, and written from one.
 *
 * 1. A member that is not known, or not of that scope, refuses; each fault names its pointer.
 * 2. The system is open, held, draining or reduced; a tenant and a user open, held or draining; an
 *    endpoint open or held.
 * 3. A weight has a tenant, a burst a tenant or user, limits an endpoint, tenant or user,
 *    a cap of unfinished jobs a user.
 * 4. What is not named stays as it is; null is as if it had never been set.
 * 5. Limits stand in place of all those of the settings. So where none are set yet, all four must
 *    be said, or lowering one would lift the others. For a user the settings have none: what is not
 *    said is no limit.
 * 6. A tenant's weight, burst and limits are the operator's alone.
 * 7. Where nothing has a price a limit of money never binds.
 * Pure. What is read lives in the arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/text.h"
#include "messages/messages.h"

enum { CONTROL_FAULTS_SHOWN = 20 };

struct control_faults {
    struct {
        const char *pointer, *detail;
    } list[CONTROL_FAULTS_SHOWN];
    size_t count; /* of all, also those not listed */
};

/* Changes `control`, whose scope says what is allowed, as the body says. False: see the faults. */
bool control_read(struct arena *arena, const char *body, size_t length, Tp__Control *control,
                  struct control_faults *faults);
/* "errors":[...],"error_count":n */
void control_write_faults(const struct control_faults *faults, struct text *out);

/* Rule 6: takes the operator's part of a tenant's control from `from`, NULL = as never set. */
void control_keep_operators_part(Tp__Control *control, const Tp__Control *from);
bool control_operators_part_is(const Tp__Control *a, const Tp__Control *b);
bool control_is_plain(const Tp__Control *control); /* as if it had never been set */

/* Rule 7: does a limit of money count anything, with these endpoints? True also if there is none.
 */
bool control_counts_money(const Tp__Control *control, const Tp__ControlsReply *endpoints);

/* `warning` for whoever has set it, or NULL. */
void control_write(const Tp__Control *control, const char *warning, struct text *out);
