/* WebSocket (RFC 6455), what of it we speak: whole text frames of at most 4 KB from the client.
 *
 * Fragments, unmasked frames, reserved bits and unknown opcodes break the protocol (1002), binary
 * is not taken (1003), larger frames are refused by their header (1009), before a byte of them is
 * kept. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_MAX_PAYLOAD = 4096, FRAME_MAX_HEAD = 14 };

enum frame_opcode {
    FRAME_TEXT = 1,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
};

enum frame_state { FRAME_PARTIAL, FRAME_WHOLE, FRAME_BROKEN };

struct frame {
    enum frame_opcode opcode;
    uint8_t *payload; /* inside the buffer, unmasked */
    size_t length;    /* of the payload */
    size_t size;      /* of the frame in the buffer */
    int close_code;   /* when broken */
};

/* The client's frame at the start of the buffer; unmasks it in place. */
enum frame_state frame_read(uint8_t *buffer, size_t length, struct frame *frame);

/* The head of a server's frame; returns its size. */
size_t frame_write_head(enum frame_opcode opcode, size_t length, uint8_t head[FRAME_MAX_HEAD]);

enum { WEBSOCKET_ACCEPT_SIZE = 29 };

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key; false if that is no key. */
bool websocket_accept(const char *key, char accept[WEBSOCKET_ACCEPT_SIZE]);
