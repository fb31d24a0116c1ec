/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz-python.h"

/* After how many runs the interpreter is another one. */
#define RUNS_PER_INTERPRETER 1000

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static SubiterInterpreter *
get_interpreter (void)
{
  static SubiterInterpreter *interpreter;
  static guint n_runs;
  gboolean is_closed = FALSE;

  if (interpreter != NULL && n_runs++ < RUNS_PER_INTERPRETER)
    return interpreter;

  if (interpreter != NULL)
    {
      subiter_interpreter_close_async (interpreter, NULL, on_closed, &is_closed);
      while (!is_closed)
        g_main_context_iteration (NULL, TRUE);
      g_assert_finalize_object (interpreter);
    }
  n_runs = 0;
  interpreter = subiter_interpreter_new (NULL);

  return interpreter;
}

SubiterCallable *
fuzz_python_callable (const char *function,
                      GVariant *args,
                      GVariant *kwargs,
                      GError **error)
{
  g_autofree char *entry_point = g_strconcat ("fuzz_functions:", function, NULL);
  g_autoptr (SubiterCallable) callable = subiter_callable_new_for_entry_point (entry_point, NULL);

  g_assert_nonnull (callable);

  return subiter_callable_bind (callable, args, kwargs, error);
}

gboolean
fuzz_python_run (SubiterCallable *callable,
                 const GVariantType *item_type,
                 GPtrArray *items,
                 GError **error)
{
  static const char *const python_path[] = { FUZZ_MODULES, NULL };
  g_autoptr (GError) failure = NULL;
  SubiterSource *source;
  GVariant *item;

  source = g_object_new (SUBITER_TYPE_SOURCE,
                         "callable", callable,
                         "interpreter", get_interpreter (),
                         "item-type", item_type,
                         "python-path", python_path,
                         NULL);
  while ((item = subiter_source_next (source, NULL, &failure)) != NULL)
    g_ptr_array_add (items, item);
  /* its signals, which nobody is connected to */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (source);

  if (failure != NULL)
    {
      fuzz_assert_error (failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }

  return TRUE;
}
