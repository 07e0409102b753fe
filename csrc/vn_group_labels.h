/* The labels of one group's rows -> positions among its sorted distinct labels. */
#ifndef VN_GROUP_LABELS_H
#define VN_GROUP_LABELS_H

#include "vn_common.h"
#include "vn_watch.h"

/* Memory of one worker; grows with the largest group seen. */
typedef struct {
    vn_watch *watch;
    int worker;
    int64_t room;      /* labels */
    int64_t slots;     /* of the hash table, a power of two, >= 2 x room */
    int64_t *key;      /* slots */
    int32_t *at;       /* slots: number of the label in order of appearance, -1: free */
    int64_t *distinct; /* room */
    int32_t *rank;     /* room */
    int32_t *by_rank;  /* room */
} vn_group_labels;

void vn_group_labels_free(vn_group_labels *w);

/* label[k] -> place[k] for k < n; the distinct labels, ascending, to `items` (room for n) and their
 * number to *n_items. VN_INTERRUPTED where the watch says so. */
vn_status vn_group_code(vn_group_labels *w, const int64_t *label, int64_t n, int32_t *place,
                        int64_t *items, int64_t *n_items);

#endif
