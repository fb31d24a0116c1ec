/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The iterator of "for". It blocks for the next items without the GIL, and where it
 * does it on the main thread, signals are handled: a wait ends early when one came. As
 * with the locks of Python, one that comes in the moment between the look for signals
 * and the wait is handled when the wait is over. */

#include "native-private.h"

typedef struct
{
  PyObject_HEAD
  /* nullable: the iteration is over */
  PyObject *wrapper;
  /* what it wraps */
  SubiterSource *source;
  NativeReader reader;
  /* whether there is something to stop */
  gboolean has_begun;
  /* whether a thread is in there, which may be without the GIL, or handle a signal */
  gboolean is_busy;
} Iteration;

static PyObject *
iteration_new (PyTypeObject *type,
               PyObject *args,
               PyObject *kwargs)
{
  NativeState *state = native_state_of_type (type);
  PyObject *wrapper;
  SubiterSource *source;
  Iteration *self;

  if (state == NULL || !PyArg_ParseTuple (args, "O", &wrapper))
    return NULL;
  source = native_wrapper_get_source (state, wrapper);
  if (source == NULL)
    return NULL;

  self = (Iteration *) type->tp_alloc (type, 0);
  if (self == NULL)
    return NULL;
  self->wrapper = Py_NewRef (wrapper);
  self->source = source;

  return (PyObject *) self;
}

/* Ends what is left early. At the end of Python nothing can be called any more, and
 * nothing runs any more. */
static void
iteration_stop (Iteration *self)
{
  PyObject *wrapper = g_steal_pointer (&self->wrapper);

  native_reader_clear (&self->reader);
  if (wrapper == NULL)
    return;

  if (self->has_begun && !Py_IsFinalizing ())
    {
      PyObject *pending = PyErr_GetRaisedException ();

      Py_BEGIN_ALLOW_THREADS
      subiter_source_stop (self->source);
      Py_END_ALLOW_THREADS
      PyErr_SetRaisedException (pending);
    }
  Py_DECREF (wrapper);
}

static gboolean
iteration_begin (Iteration *self,
                 const NativeState *state)
{
  g_autoptr (PyObject) result = PyObject_CallMethodNoArgs (self->wrapper, state->begin_name);

  if (result == NULL)
    {
      Py_CLEAR (self->wrapper);
      return FALSE;
    }
  self->has_begun = TRUE;

  return TRUE;
}

/* Waits for items. FALSE: there are none, and an exception is pending unless that is
 * the end. */
static gboolean
iteration_fetch (Iteration *self)
{
  const NativeState *state = native_state_of_type (Py_TYPE (self));
  SubiterBatch *batch = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_over = FALSE;

  if (state == NULL || (!self->has_begun && !iteration_begin (self, state)))
    return FALSE;

  while (!is_over)
    {
      /* This calls handlers on the main thread only. */
      if (PyErr_CheckSignals () != 0)
        {
          iteration_stop (self);
          return FALSE;
        }

      Py_BEGIN_ALLOW_THREADS
      is_over = subiter_source_poll_batch (self->source, subiter_source_get_buffer_size (self->source), NULL,
                                           &batch, &error);
      Py_END_ALLOW_THREADS
    }

  if (error == NULL && native_reader_take (&self->reader, batch))
    return TRUE;

  if (error != NULL)
    native_raise_error (state, self->wrapper, error);
  Py_CLEAR (self->wrapper);

  return FALSE;
}

/* Whether another call has not returned yet: an exception is pending. */
static gboolean
iteration_is_busy (Iteration *self)
{
  if (self->is_busy)
    PyErr_SetString (PyExc_ValueError, "the iterator is waiting for an item already; it goes with one thread at a time");

  return self->is_busy;
}

static PyObject *
iteration_next (PyObject *object)
{
  Iteration *self = (Iteration *) object;
  gboolean is_there;

  if (native_reader_is_empty (&self->reader))
    {
      if (iteration_is_busy (self) || self->wrapper == NULL)
        return NULL;
      self->is_busy = TRUE;
      is_there = iteration_fetch (self);
      self->is_busy = FALSE;
      if (!is_there)
        return NULL;
    }

  return native_reader_pop (&self->reader);
}

static PyObject *
iteration_close (PyObject *object,
                 PyObject *ignored)
{
  if (iteration_is_busy ((Iteration *) object))
    return NULL;
  iteration_stop ((Iteration *) object);

  Py_RETURN_NONE;
}

static void
iteration_finalize (PyObject *object)
{
  iteration_stop ((Iteration *) object);
}

static int
iteration_traverse (PyObject *object,
                    visitproc visit,
                    void *arg)
{
  Py_VISIT (Py_TYPE (object));
  Py_VISIT (((Iteration *) object)->wrapper);

  return 0;
}

static int
iteration_clear (PyObject *object)
{
  Py_CLEAR (((Iteration *) object)->wrapper);

  return 0;
}

static void
iteration_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  if (PyObject_CallFinalizerFromDealloc (object) != 0)
    return;
  PyObject_GC_UnTrack (object);
  iteration_clear (object);
  type->tp_free (object);
  Py_DECREF (type);
}

static PyMethodDef iteration_methods[] = {
  { "close", iteration_close, METH_NOARGS,
    "close($self, /)\n--\n\nStop the iteration, unless it has ended. There are no more items then." },
  { NULL, NULL, 0, NULL },
};

static PyType_Slot iteration_slots[] = {
  { Py_tp_doc, (char *) "The iterator of \"for\" over a Subiter.Source." },
  { Py_tp_new, iteration_new },
  { Py_tp_dealloc, iteration_dealloc },
  { Py_tp_finalize, iteration_finalize },
  { Py_tp_traverse, iteration_traverse },
  { Py_tp_clear, iteration_clear },
  { Py_tp_iter, PyObject_SelfIter },
  { Py_tp_iternext, iteration_next },
  { Py_tp_methods, iteration_methods },
  { 0, NULL },
};

PyType_Spec native_iteration_spec = {
  .name = "gi.repository.Subiter.Iteration",
  .basicsize = sizeof (Iteration),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
  .slots = iteration_slots,
};
