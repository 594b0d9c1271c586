/* Whatever a body says, what is taken of it passes the check of the message that carries it. */
#include <string.h>

#include "base/check.h"
#include "control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const Tp__ControlScope SCOPES[] = {TP__CONTROL_SCOPE__SYSTEM,
                                              TP__CONTROL_SCOPE__ENDPOINT,
                                              TP__CONTROL_SCOPE__TENANT, TP__CONTROL_SCOPE__USER};
    for (size_t i = 0; i < sizeof SCOPES / sizeof *SCOPES; i++) {
        SCOPED(arena_close) struct arena *arena = arena_open(16 << 20);
        Tp__Control control = TP__CONTROL__INIT;
        Tp__SetControl order = TP__SET_CONTROL__INIT;
        const Tp__SetControl *back;
        struct control_faults faults;
        struct error why;
        control.scope = SCOPES[i];
        control.state = TP__CONTROL_STATE__OPEN;
        control.tenant_id = "acme";
        control.name = "main";
        if (!control_read(arena, (const char *)data, size, &control, &faults)) {
            CHECK(faults.count > 0);
            continue;
        }
        order.schema_version = SCHEMA_VERSION;
        order.set_by = "key";
        order.control = &control;
        CHECK(unpack_set_control(arena, pack_set_control(arena, &order), &back, &why));
    }
    return 0;
}
