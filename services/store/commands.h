/* What the program does instead of serving. Each answers the exit code and says on stderr what
 * went wrong. */
#pragma once

/* --migrate */
int command_migrate(const void *settings, const char *argument);
/* --create-key TENANT[:role[:name]]: the key alone on stdout, this once; the tenant is made. */
int command_create_key(const void *settings, const char *argument);
