/* The examples that are about what was used and checked, and whose examples all are. */
#pragma once

#include "messages/messages.h"

#define EXAMPLE __attribute__((unused)) static
#define JOB "019ab9c2-7f00-7abc-8def-0123456789ab"
#define UPLOAD "019ab9c2-7f00-7abc-8def-0123456789ac"
#define TENANT "acme"
#define USER "bj\xC3\xB6rn@example.com"

EXAMPLE Tp__UsageQuery usage_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__usage_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .tenant_id = TENANT,
    .user_id = USER,
    .from_ms = 1795330800000,
    .to_ms = 1795334400000,
    .group = TP__USAGE_GROUP__USAGE_BY_MODEL,
    .after_key = "model-0",
    .has_after = 1,
    .limit = 100,
};
EXAMPLE Tp__UsageRow usage_row = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__usage_row__descriptor),
    .key = "model-1",
    .calls = 12,
    .unknown_calls = 1,
    .prompt_tokens = 1200,
    .completion_tokens = 300,
    .micros = 360,
    .posts_from_llm = 100,
    .posts_from_cache = 20,
    .posts_from_near_duplicate = 3,
    .posts_from_repair = 4,
    .posts_from_embedded = 5,
};
static Tp__UsageRow *usage_rows[] = {&usage_row};
EXAMPLE Tp__UsageReply usage_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__usage_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_rows = 1,
    .rows = usage_rows,
    .has_more = 1,
};

EXAMPLE Tp__AuditQuery audit_query = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__audit_query__descriptor),
    .schema_version = SCHEMA_VERSION,
    .from_ms = 1795330800000,
};
EXAMPLE Tp__AuditThird audit_third = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__audit_third__descriptor),
    .posts = 340,
    .agreed = 331,
};
static Tp__AuditThird *audit_thirds[] = {&audit_third, &audit_third, &audit_third};
EXAMPLE Tp__AuditLine audit_line = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__audit_line__descriptor),
    .model = "model-1",
    .prompt_version = "p1",
    .n_thirds = 3,
    .thirds = audit_thirds,
    .score_distance = 0.125,
    .posts_with_names = 200,
    .names_overlap = 0.75,
};
static Tp__AuditLine *audit_lines[] = {&audit_line};
EXAMPLE Tp__AuditReply audit_reply = {
    .base = PROTOBUF_C_MESSAGE_INIT(&tp__audit_reply__descriptor),
    .schema_version = SCHEMA_VERSION,
    .n_lines = 1,
    .lines = audit_lines,
};
