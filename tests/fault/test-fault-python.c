/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "leftover-support.h"

#include "subiter-fault-private.h"

/* The same for the runtime that runs Python: each thing that it needs is made to fail, in
 * the order in which it needs them, so that each comes up for the first time here. */

typedef struct
{
  SubiterFault fault;
  guint n_skipped;
  guint n_failing;
  int code;
  const char *message;
} Fault;

static const Fault faults[] = {
  /* the modules are looked for, and none is the runtime */
  { SUBITER_FAULT_MODULE, 0, 1, SUBITER_ERROR_RUNTIME, "There is no runtime “subinterpreter”*" },
  /* Python's library, by its name and in the folder that it was built with */
  { SUBITER_FAULT_MODULE, 1, 2, SUBITER_ERROR_RUNTIME, "*made-to-fail.so*" },
  /* the engine */
  { SUBITER_FAULT_MODULE, 1, 1, SUBITER_ERROR_RUNTIME, "The engine cannot be loaded: made-to-fail.so*" },
  /* after the reaper: the thread that starts Python */
  { SUBITER_FAULT_HELPER_THREAD, 1, 1, -1, "*thread*" },
  { SUBITER_FAULT_INTERPRETER, 0, 1, SUBITER_ERROR_INTERPRETER, "No interpreter could be created: *" },
  { SUBITER_FAULT_SET_UP, 0, 1, SUBITER_ERROR_INTERPRETER, "The interpreter could not be set up: MemoryError" },
  { SUBITER_FAULT_SET_UP, 1, 1, SUBITER_ERROR_INTERPRETER, "The interpreter could not be set up: MemoryError" },
  { SUBITER_FAULT_SET_UP, 2, 1, SUBITER_ERROR_INTERPRETER, "The interpreter could not be set up: MemoryError" },
  { SUBITER_FAULT_WORKER_THREAD, 0, 1, -1, "*thread*" },
  { SUBITER_FAULT_RING, 0, 1, SUBITER_ERROR_NO_MEMORY, "There is no memory for a buffer of 64 items*" },
};

static void
on_failed (SubiterSource *source,
           GError *error,
           GError **copy)
{
  g_assert_null (*copy);
  *copy = g_error_copy (error);
}

static void
on_finished (SubiterSource *source,
             gboolean *finished)
{
  *finished = TRUE;
}

static void
check (SubiterSource *source,
       const Fault *fault)
{
  g_autoptr (GError) error = NULL;
  gboolean finished = FALSE;

  g_signal_connect (source, "failed", G_CALLBACK (on_failed), &error);
  g_signal_connect (source, "finished", G_CALLBACK (on_finished), &finished);
  subiter_fault_inject (fault->fault, fault->n_skipped, fault->n_failing);
  subiter_source_start (source);
  wait_for (error != NULL || finished);
  g_signal_handlers_disconnect_by_data (source, &error);
  g_signal_handlers_disconnect_by_data (source, &finished);

  g_assert_false (finished);
  if (!g_pattern_match_simple (fault->message, error->message))
    g_error ("the message is: %s", error->message);
  if (fault->code >= 0)
    g_assert_error (error, SUBITER_ERROR, fault->code);
  else
    g_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_cmpuint (subiter_fault_clear (fault->fault), ==, 0);
}

/* One source fails again and again, and works in the end. */
static void
test_one_after_the_other (void)
{
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (GError) error = NULL;
  gboolean finished = FALSE;
  Census baseline;

  /* What it takes to have a main context. */
  wait_for (TRUE);
  census_take (&baseline);

  source = subiter_source_new_for_entry_point ("builtins:range", g_variant_new ("(i)", 3), &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_test_message ("fault %d, %u times not", faults[i].fault, faults[i].n_skipped);
      check (source, &faults[i]);
      /* Python stays once it was started. */
      if (i == 4)
        census_take (&baseline);
      else
        census_wait_for (&baseline);
    }

  g_signal_connect (source, "finished", G_CALLBACK (on_finished), &finished);
  subiter_source_start (source);
  wait_for (finished);
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 3);
  g_clear_object (&source);
  census_wait_for (&baseline);
}

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fault-python/one-after-the-other", test_one_after_the_other);

  return g_test_run ();
}
