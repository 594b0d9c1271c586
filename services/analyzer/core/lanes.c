#include "base/check.h"
#include "flow_state.h"

void lane_unlist(struct flow_item *item)
{
    struct item_list *list = item->list;
    if (list == NULL)
        return;
    if (item->before != NULL)
        item->before->after = item->after;
    else
        list->first = item->after;
    if (item->after != NULL)
        item->after->before = item->before;
    else
        list->last = item->before;
    item->list = NULL;
}

void lane_enlist(struct flow_item *item, struct item_list *list)
{
    lane_unlist(item);
    item->list = list;
    item->after = NULL;
    item->before = list->last;
    if (list->last != NULL)
        list->last->after = item;
    else
        list->first = item;
    list->last = item;
}

struct lane *lane_of(struct flow *flow, const struct flow_item *item)
{
    return item->service_class == TP__SERVICE_CLASS__INTERACTIVE ? &flow->interactive
                                                                 : &flow->others;
}

void lane_place(struct flow *flow, struct flow_item *item)
{
    struct lane *lane = lane_of(flow, item);
    switch (item->state) {
    case UNKNOWN:
    case PERMITTED:
        lane_enlist(item, &lane->ready);
        return;
    case WAITING:
        lane_enlist(item, item->is_embedded || item->is_whole ? &lane->ready : &lane->waiting);
        return;
    case ASKING:
        lane_enlist(item, item->is_dropped ? &lane->ready : &lane->asking);
        return;
    case CALLING:
        if (item->is_cancelled && !item->is_aborted) {
            lane_enlist(item, &lane->ready);
            return;
        }
        lane_unlist(item);
        return;
    case LOOKING:
    case OVER:
        lane_unlist(item);
        return;
    }
    CHECK_UNREACHABLE();
}
