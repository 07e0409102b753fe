/* Groups of vertices that hang together: repeated matching along heavy edges. */
#ifndef VN_GROUPS_H
#define VN_GROUPS_H

#include "vn_laplacian.h"

typedef struct {
    int32_t *of;         /* group of each vertex, -1: alone, without edges and without prior */
    int64_t *member_ptr; /* n_groups + 1; two more are allocated */
    int32_t *member;     /* vertices of each group, ascending */
} vn_groups;

/* Match `passes` times, so that groups have about 2^passes members; numbered by first member. */
vn_status vn_find_groups(const vn_laplacian *a, int passes, vn_poll poll, void *context,
                         vn_groups *out, int64_t *n_groups);

/* Fill member_ptr (n_groups + 2 entries) and member from group_of. */
void vn_list_members(const int32_t *group_of, int64_t n, int64_t n_groups, int64_t *member_ptr,
                     int32_t *member);

void vn_groups_free(vn_groups *g);

#endif
