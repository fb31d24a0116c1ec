/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-stream-private.h"

#include "engine-callable-private.h"

/* What is kept from one iteration of a stream to the next. */
typedef struct
{
  gboolean initialized;
  /* what was resolved, and from what */
  SubiterCallable *callable;
  PyObject *object;
  /* what it returned, unless that can be iterated only once */
  PyObject *iterable;
} EngineStream;

static void
engine_stream_free (gpointer data)
{
  EngineStream *stream = data;

  g_clear_pointer (&stream->callable, subiter_callable_unref);
  Py_CLEAR (stream->object);
  Py_CLEAR (stream->iterable);
  g_free (stream);
}

GHashTable *
engine_stream_table_new (void)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, engine_stream_free);
}

static EngineStream *
ensure_stream (EngineInterpreter *self,
               SubiterRun *run)
{
  guint64 id = subiter_run_get_stream_id (run);
  EngineStream *stream = g_hash_table_lookup (self->streams, &id);

  if (stream == NULL)
    {
      stream = g_new0 (EngineStream, 1);
      g_hash_table_insert (self->streams, g_memdup2 (&id, sizeof id), stream);
    }

  return stream;
}

/* Each folder once, in order, before all others that are there. */
static gboolean
add_python_path (SubiterRun *run,
                 EngineOutcome *outcome)
{
  const char *const *folders = subiter_run_get_python_path (run);
  PyObject *path = PySys_GetObject ("path");
  Py_ssize_t position = 0;

  if (folders == NULL || path == NULL || !PyList_Check (path))
    return TRUE;

  for (gsize i = 0; folders[i] != NULL; i++)
    {
      g_autoptr (PyObject) folder = PyUnicode_DecodeFSDefault (folders[i]);
      int known = folder != NULL ? PySequence_Contains (path, folder) : -1;
      Py_ssize_t place = known > 0 ? PySequence_Index (path, folder) : -1;

      if (known < 0 || (known > 0 && (place < 0 || PySequence_DelItem (path, place) != 0))
          || PyList_Insert (path, position++, folder) != 0)
        {
          engine_outcome_take_exception (outcome);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
run_initializers (EngineInterpreter *self,
                  SubiterRun *run,
                  EngineOutcome *outcome)
{
  GPtrArray *initializers = subiter_run_get_initializers (run);

  for (guint i = 0; initializers != NULL && i < initializers->len; i++)
    {
      SubiterCallable *initializer = initializers->pdata[i];
      g_autoptr (PyObject) object = engine_callable_resolve (self, initializer, outcome);
      g_autoptr (PyObject) result = NULL;

      if (object != NULL)
        result = engine_callable_call (initializer, object, outcome);
      if (result == NULL)
        return FALSE;
    }

  return TRUE;
}

static gboolean
resolve_callable (EngineInterpreter *self,
                  EngineStream *stream,
                  SubiterCallable *callable,
                  EngineOutcome *outcome)
{
  PyObject *object;

  if (stream->callable == callable)
    return TRUE;

  g_clear_pointer (&stream->callable, subiter_callable_unref);
  Py_CLEAR (stream->object);
  Py_CLEAR (stream->iterable);

  object = engine_callable_resolve (self, callable, outcome);
  if (object == NULL)
    return FALSE;

  stream->callable = subiter_callable_ref (callable);
  stream->object = object;

  return TRUE;
}

/* Makes an iterator for the stream's next iteration: of the iterable that is
 * kept, or of a new one. An iterator is its own iterable and would be at its
 * end already the second time, so it is not kept. */
PyObject *
engine_stream_open (EngineInterpreter *self,
                    SubiterRun *run,
                    EngineOutcome *outcome)
{
  EngineStream *stream = ensure_stream (self, run);
  SubiterCallable *callable = subiter_run_get_callable (run);
  g_autoptr (PyObject) iterable = NULL;
  PyObject *iterator;

  if (!add_python_path (run, outcome))
    return NULL;
  if (!stream->initialized && !run_initializers (self, run, outcome))
    return NULL;
  stream->initialized = TRUE;

  if (!resolve_callable (self, stream, callable, outcome))
    return NULL;
  if (stream->iterable != NULL)
    return engine_callable_iterate (callable, stream->iterable, outcome);

  iterable = engine_callable_call (callable, stream->object, outcome);
  if (iterable == NULL)
    return NULL;
  iterator = engine_callable_iterate (callable, iterable, outcome);
  if (iterator != NULL && iterator != iterable)
    stream->iterable = g_steal_pointer (&iterable);

  return iterator;
}

void
engine_stream_forget (EngineInterpreter *self,
                      SubiterRun *run)
{
  guint64 id = subiter_run_get_stream_id (run);

  g_hash_table_remove (self->streams, &id);
}
