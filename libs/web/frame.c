#include "web/frame.h"

#include <string.h>

#include "web/sha1.h"

enum { KEY_LENGTH = 24, MAX_CONTROL_PAYLOAD = 125 };

static enum frame_state broken(struct frame *frame, int code)
{
    frame->close_code = code;
    return FRAME_BROKEN;
}

/* What the first two bytes already say; 0 = nothing wrong. */
static int head_fault(const uint8_t *head)
{
    int opcode = head[0] & 0x0f;
    bool is_final = head[0] & 0x80, is_reserved = head[0] & 0x70, is_masked = head[1] & 0x80;
    if (!is_final || is_reserved || !is_masked)
        return 1002;
    switch (opcode) {
    case FRAME_TEXT:
        return 0;
    case 2:
        return 1003;
    case FRAME_CLOSE:
    case FRAME_PING:
    case FRAME_PONG:
        return (head[1] & 0x7f) > MAX_CONTROL_PAYLOAD ? 1002 : 0;
    default:
        return 1002;
    }
}

enum frame_state frame_read(uint8_t *buffer, size_t length, struct frame *frame)
{
    if (length < 2)
        return FRAME_PARTIAL;
    int fault = head_fault(buffer);
    if (fault)
        return broken(frame, fault);
    size_t payload = buffer[1] & 0x7f, head = 2;
    if (payload == 127)
        return broken(frame, 1009);
    if (payload == 126) {
        if (length < 4)
            return FRAME_PARTIAL;
        payload = (size_t)buffer[2] << 8 | buffer[3];
        head = 4;
    }
    if (payload > FRAME_MAX_PAYLOAD)
        return broken(frame, 1009);
    if (length < head + 4 + payload)
        return FRAME_PARTIAL;
    const uint8_t *mask = buffer + head;
    frame->payload = buffer + head + 4;
    for (size_t i = 0; i < payload; i++)
        frame->payload[i] ^= mask[i % 4];
    frame->opcode = (enum frame_opcode)(buffer[0] & 0x0f);
    frame->length = payload;
    frame->size = head + 4 + payload;
    return FRAME_WHOLE;
}

size_t frame_write_head(enum frame_opcode opcode, size_t length, uint8_t head[FRAME_MAX_HEAD])
{
    head[0] = (uint8_t)(0x80 | opcode);
    if (length < 126) {
        head[1] = (uint8_t)length;
        return 2;
    }
    if (length < 65536) {
        head[1] = 126;
        head[2] = (uint8_t)(length >> 8);
        head[3] = (uint8_t)length;
        return 4;
    }
    head[1] = 127;
    for (int i = 0; i < 8; i++)
        head[2 + i] = (uint8_t)((uint64_t)length >> (56 - 8 * i));
    return 10;
}

bool websocket_accept(const char *key, char accept[WEBSOCKET_ACCEPT_SIZE])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    if (strlen(key) != KEY_LENGTH || strspn(key, alphabet) != KEY_LENGTH - 2 ||
        strcmp(key + KEY_LENGTH - 2, "==") != 0)
        return false;
    char joined[KEY_LENGTH + sizeof magic];
    memcpy(joined, key, KEY_LENGTH);
    memcpy(joined + KEY_LENGTH, magic, sizeof magic);

    /* One byte more than the digest, zero, so that the last group of three is whole. */
    uint8_t digest[SHA1_BYTES + 1] = {0};
    sha1(joined, sizeof joined - 1, digest);
    for (int i = 0; i < 7; i++) {
        uint32_t group =
            (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | digest[3 * i + 2];
        for (int j = 0; j < 4; j++)
            accept[4 * i + j] = alphabet[group >> (18 - 6 * j) & 63];
    }
    accept[27] = '=';
    accept[28] = '\0';
    return true;
}
