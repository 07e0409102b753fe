/* The rows of one group -> its items and cells, behind those of the groups before it. */
#ifndef VN_GROUP_ONE_H
#define VN_GROUP_ONE_H

#include "vn_group_cells.h"
#include "vn_group_labels.h"
#include "vn_watch.h"

/* One row as its cell sees it: masses from the view of the smaller item. */
typedef struct {
    double win, loss, tie;
} vn_row_masses;

/* Memory of one worker, for a group of up to `room` rows. */
typedef struct {
    vn_group_labels labels;
    int64_t room;
    int64_t *label;         /* 2 x room */
    int32_t *place;         /* 2 x room */
    int32_t *low, *key;     /* smaller item; 3 x larger item + order class */
    int32_t *order, *other; /* permutations of the rows */
    int64_t *count;         /* 6 x room + 2 */
    vn_row_masses *mass, *room_mass; /* the latter for the rows of one cell */
    int64_t cell_room;
    vn_watch *watch;
    int worker;
} vn_row_space;

void vn_row_space_free(vn_row_space *w);

/* Where cells and items go, and how many there are so far. */
typedef struct {
    int64_t *label;
    int32_t *first, *second;
    int8_t *order;
    double *win, *loss, *tie; /* tie: zero where none was written */
    int64_t n_cells, n_items;
    int has_tie, has_soft;
    int64_t bad_row; /* the first with a fault; -1: none */
    int fault;
} vn_cell_output;

/* Labels to positions, rows to cells. Where a row has a fault, `out` says so and nothing else of it
 * counts. */
vn_status vn_group_one(vn_row_space *w, const vn_group_rows *r, int64_t group, vn_cell_output *out);

#endif
