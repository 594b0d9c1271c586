/* What tenants, users and endpoints are called, by their numbers, and back. */
#pragma once

#include <stdint.h>

const char *tenant_name(uint32_t tenant);
uint32_t tenant_numbered(const char *name);
const char *user_name(uint32_t user);
const char *endpoint_name(uint32_t endpoint);
uint32_t endpoint_numbered(const char *name); /* ENDPOINTS = there is none of that name */
