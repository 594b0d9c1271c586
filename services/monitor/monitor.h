/* The shell: one owner thread that takes letters, lets the watch decide and performs.
 *
 *   monitor_open() -> inbox and pages post to its mailbox -> monitor_close()
 */
#pragma once

#include "mailbox/mailbox.h"
#include "process/process.h"
#include "settings.h"

struct monitor;

/* Lends settings, mailbox and process. port: where the pages are, for links in notifications. */
struct monitor *monitor_open(const struct monitor_settings *settings, struct process *process,
                             struct mailbox *mailbox, int port);

/* After inbox and pages: nobody may post any more. */
void monitor_close(struct monitor **monitor);
