/* When Newton's method stops and how it cuts a step: of the small fits (vn_small_newton.c) and of the
 * others (venire.ratings.newton). */
#ifndef VN_NEWTON_H
#define VN_NEWTON_H

#define VN_NEWTON_SETTLED 1e-3 /* last change of a linear predictor: its square is the error left */
#define VN_NEWTON_ROUNDING 3e-15 /* a residual below may be nothing else */
#define VN_NEWTON_EXTRA 50 /* iterations for that once the residual is small, at most */
#define VN_NEWTON_ROOM 10.0 /* a linear predictor may at most double in one step, and change by this */
#define VN_NEWTON_CUTS 40 /* of one step, at most, */
#define VN_NEWTON_CUTS_FOR_RESIDUAL 6 /* and of these because the residual grew */

#endif
