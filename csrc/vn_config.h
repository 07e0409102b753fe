/* What the C layer was compiled with, for show_config(). */
#ifndef VN_CONFIG_H
#define VN_CONFIG_H

/* The OpenMP specification's date (201511 ...), 0 when built without OpenMP. */
int vn_config_openmp(void);

/* How many threads OpenMP would use now if it is not told; 1 without it. */
int vn_config_max_threads(void);

/* The instruction set that the dispatched loops use on this machine: "x86-64-v4", "x86-64-v3",
 * "baseline" (dispatched, but this machine is older), or "none" (built without dispatch). */
const char *vn_config_dispatch(void);

/* The compiler's name and version; a static string. */
const char *vn_config_compiler(void);

/* The sanitizers that were compiled in: "address", "" otherwise. */
const char *vn_config_sanitizers(void);

#endif
