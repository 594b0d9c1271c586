/* What operators set, asked of the service and shown: the exchange behind controls.c. */
#pragma once

#include "session.h"
#include "json/json.h"

/* Whom it is about. */
struct control_target {
    const char *scope;  /* "system", "endpoint", "tenant" or "user" */
    const char *name;   /* of the endpoint, tenant or user; NULL: the key's own tenant */
    const char *tenant; /* of a user; NULL: the key's own */
};

/* Each prints what then is set, or the fault, and answers the exit code. */
int control_change(struct session *session, const struct control_target *target,
                   const json_t *change);
int control_clear(struct session *session, const struct control_target *target);
int control_show_system(struct session *session);
/* Of one tenant; NULL: of all that the key may see. */
int control_list(struct session *session, const char *tenant);
