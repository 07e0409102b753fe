/* What the C layer was compiled with, for show_config(). */
#ifndef VN_CONFIG_H
#define VN_CONFIG_H

/* The instruction set that the dispatched loops use on this machine: "x86-64-v4", "x86-64-v3",
 * "baseline" (dispatched, but this machine is older), or "none" (built without dispatch). */
const char *vn_config_dispatch(void);

/* The compiler's name and version; a static string. */
const char *vn_config_compiler(void);

/* The sanitizers that were compiled in: "address", "" otherwise. */
const char *vn_config_sanitizers(void);

#endif
