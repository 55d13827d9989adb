/* SPDX-License-Identifier: BSD-2-Clause */
/* What cppcheck, which reads no system headers, must know of the macros of our libraries. */
#define LIBBPF_OPTS(type, name, ...)	    struct type name = {0}
#define json_array_foreach(array, i, value) for (i = 0, value = (json_t *)array; i < 9; i++)
#define json_object_foreach(object, key, value) \
	for (key = "", value = (json_t *)object; key; key = 0)
#define hwloc_bitmap_foreach_begin(i, set) for (i = 0; i < 9; i++) {
#define hwloc_bitmap_foreach_end()	   }
#define LIST_FOREACH(var, head, field) \
	for ((var) = (head)->lh_first; (var); (var) = (var)->field.le_next)
#define TAILQ_FOREACH(var, head, field) \
	for ((var) = (head)->tqh_first; (var); (var) = (var)->field.tqe_next)
