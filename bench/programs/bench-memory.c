/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a worker takes of memory that has delivered an item and waits to be used
 * again. */

#include "bench-support.h"

int
main (int argc,
      char **argv)
{
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func (g_object_unref);
  BenchMemory memory = { 0 };
  gint64 n;

  bench_parse (argc, argv);
  n = bench_get_int ("workers", 16);
  bench_check_arguments ();

  for (gint64 i = 0; i < n; i++)
    {
      SubiterSource *source = bench_new_items (NULL, "int", 1);

      g_ptr_array_add (sources, source);
      bench_exhaust (source);
      bench_note_memory (&memory);
    }
  bench_put_memory (&memory);
  for (guint i = 0; i < sources->len; i++)
    bench_close (g_ptr_array_index (sources, i));
  bench_print ();

  return 0;
}
