/* A packed message looked through before it is unpacked, for what protobuf-c lets pass: strings
 * must be UTF-8 without NUL (they would come out cut), enums known, doubles finite. Fields of the
 * future are skipped. Our messages do not nest in themselves, so the depth is bounded. Pure.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/scoped.h"

/* False: ERROR_INVALID names the field. */
MUST_USE bool wire_check(const ProtobufCMessageDescriptor *type, struct bytes bytes,
                         struct error *why);
