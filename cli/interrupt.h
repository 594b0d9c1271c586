/* Ctrl-C, counted: once detaches, twice cancels. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void interrupt_listen(void);

/* In the shape of http_request's should_stop: has there been one? */
bool interrupt_is_asked(void *unused);

/* Sleeps until there have been more than `borne`, which it answers with true, or the time is up. */
bool interrupt_during(int64_t ms, int borne);

/* What has been counted so far is dealt with: requests may go on. */
void interrupt_forget(void);
