/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-call-private.h"

#include "engine-callable-private.h"

/* How many callables are remembered with what they name. */
#define MAX_ENTRIES 64

typedef struct
{
  SubiterCallable *callable;
  PyObject *object;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  subiter_callable_unref (entry->callable);
  Py_DECREF (entry->object);
  g_free (entry);
}

/* Lets go of what was called, whose code may run then and call again. */
void
engine_call_forget_all (EngineInterpreter *self)
{
  GQueue entries = self->called;

  g_queue_init (&self->called);
  g_queue_clear_full (&entries, entry_free);
}

/* (transfer full) (nullable): what @callable names. What was called last comes first, so
 * that one that is called again and again is found at once. */
static PyObject *
resolve (EngineInterpreter *self,
         SubiterCallable *callable,
         EngineOutcome *outcome)
{
  PyObject *object;
  Entry *entry;

  for (GList *l = self->called.head; l != NULL; l = l->next)
    {
      entry = l->data;
      if (entry->callable == callable)
        {
          g_queue_unlink (&self->called, l);
          g_queue_push_head_link (&self->called, l);
          return Py_NewRef (entry->object);
        }
    }

  object = engine_callable_resolve (self, callable, outcome);
  if (object == NULL)
    return NULL;

  entry = g_new (Entry, 1);
  entry->callable = subiter_callable_ref (callable);
  entry->object = Py_NewRef (object);
  g_queue_push_head (&self->called, entry);
  if (self->called.length > MAX_ENTRIES)
    entry_free (g_queue_pop_tail (&self->called));

  return object;
}

/* (transfer full) (nullable): what the callable of @run returns; NULL: it raised, could
 * not be found, or is not to be called any more. */
PyObject *
engine_call (EngineInterpreter *self,
             SubiterRun *run,
             EngineOutcome *outcome)
{
  SubiterCallable *callable = subiter_run_get_callable (run);
  g_autoptr (PyObject) object = resolve (self, callable, outcome);

  if (object == NULL || subiter_run_is_stopping (run))
    return NULL;

  return engine_callable_call (callable, object, outcome);
}
