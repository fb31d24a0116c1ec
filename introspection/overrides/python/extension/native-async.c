/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The iterator of "async for": what is there already is given without a coroutine of
 * Python's. The class in Python that is derived from Items fetches more. */

#include "native-private.h"

typedef struct
{
  PyObject_HEAD
  NativeReader reader;
} Items;

/* What awaits an item: a coroutine of _fetch () if there is none. */
typedef struct
{
  PyObject_HEAD
  /* nullable: it has been awaited */
  PyObject *items;
  /* nullable: what it waits for */
  PyObject *fetch;
} Next;

static PyObject *
items_anext (PyObject *object)
{
  NativeState *state = native_state_of_type (Py_TYPE (object));
  Next *next;

  if (state == NULL)
    return NULL;
  next = PyObject_GC_New (Next, state->next_type);
  if (next == NULL)
    return NULL;
  next->items = Py_NewRef (object);
  next->fetch = NULL;
  PyObject_GC_Track (next);

  return (PyObject *) next;
}

static PyObject *
items_take (PyObject *object,
            PyObject *args)
{
  NativeState *state = native_state_of_type (Py_TYPE (object));
  PyObject *wrapper;
  PyObject *result_wrapper;
  SubiterSource *source;
  GAsyncResult *result;
  SubiterBatch *batch;
  g_autoptr (GError) error = NULL;

  if (state == NULL || !PyArg_ParseTuple (args, "OO", &wrapper, &result_wrapper))
    return NULL;
  source = native_wrapper_get_source (state, wrapper);
  result = source != NULL ? native_wrapper_get_object (state, result_wrapper, G_TYPE_ASYNC_RESULT) : NULL;
  if (result == NULL)
    return NULL;
  if (!g_task_is_valid (result, source)
      || !g_async_result_is_tagged (result, subiter_source_next_batch_async))
    {
      PyErr_Format (PyExc_TypeError, "%R is no result of next_batch_async () of %R", result_wrapper, wrapper);
      return NULL;
    }

  batch = subiter_source_next_batch_finish_packed (source, result, &error);
  if (error != NULL)
    {
      native_raise_error (state, wrapper, error);
      return NULL;
    }

  return PyBool_FromLong (native_reader_take (&((Items *) object)->reader, batch));
}

static PyObject *
items_clear (PyObject *object,
             PyObject *ignored)
{
  native_reader_clear (&((Items *) object)->reader);

  Py_RETURN_NONE;
}

static void
items_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  native_reader_clear (&((Items *) object)->reader);
  type->tp_free (object);
  Py_DECREF (type);
}

static PyMethodDef items_methods[] = {
  { "take", items_take, METH_VARARGS,
    "take($self, source, result, /)\n--\n\nFinish next_batch_async (). Return whether there are items." },
  { "clear", items_clear, METH_NOARGS,
    "clear($self, /)\n--\n\nDrop what there is." },
  { NULL, NULL, 0, NULL },
};

static PyType_Slot items_slots[] = {
  { Py_tp_doc, (char *) "Items of a Subiter.Source, for an iterator of \"async for\"." },
  { Py_tp_dealloc, items_dealloc },
  { Py_tp_methods, items_methods },
  { Py_am_aiter, PyObject_SelfIter },
  { Py_am_anext, items_anext },
  { 0, NULL },
};

PyType_Spec native_items_spec = {
  .name = "gi.overrides._subiter.Items",
  .basicsize = sizeof (Items),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
  .slots = items_slots,
};

static PySendResult
next_send (PyObject *object,
           PyObject *sent,
           PyObject **result)
{
  Next *self = (Next *) object;
  NativeState *state = native_state_of_type (Py_TYPE (object));
  PySendResult outcome;

  *result = NULL;
  if (state == NULL)
    return PYGEN_ERROR;
  if (self->items == NULL)
    {
      PyErr_SetString (PyExc_RuntimeError, "cannot reuse already awaited __anext__()");
      return PYGEN_ERROR;
    }

  if (self->fetch == NULL)
    {
      NativeReader *reader = &((Items *) self->items)->reader;

      if (native_reader_is_empty (reader))
        {
          self->fetch = PyObject_CallMethodNoArgs (self->items, state->fetch_name);
          if (self->fetch == NULL)
            return PYGEN_ERROR;
        }
      else
        {
          *result = native_reader_pop (reader);
          Py_CLEAR (self->items);
          return *result != NULL ? PYGEN_RETURN : PYGEN_ERROR;
        }
    }

  outcome = PyIter_Send (self->fetch, sent, result);
  if (outcome == PYGEN_NEXT)
    return outcome;
  Py_CLEAR (self->fetch);
  if (outcome == PYGEN_RETURN)
    {
      /* It has fetched, and another may have been quicker to take it. */
      g_clear_pointer (result, Py_DecRef);
      return next_send (object, Py_None, result);
    }
  Py_CLEAR (self->items);

  return outcome;
}

/* As the methods of a coroutine do it: a StopIteration has what was returned. */
static PyObject *
next_finish (PySendResult outcome,
             PyObject *result)
{
  g_autoptr (PyObject) returned = NULL;
  g_autoptr (PyObject) exception = NULL;

  if (outcome != PYGEN_RETURN)
    return result;

  returned = result;
  exception = PyObject_CallOneArg (PyExc_StopIteration, returned);
  if (exception != NULL)
    PyErr_SetObject (PyExc_StopIteration, exception);

  return NULL;
}

static PyObject *
next_send_method (PyObject *object,
                  PyObject *sent)
{
  PyObject *result;
  PySendResult outcome = next_send (object, sent, &result);

  return next_finish (outcome, result);
}

static PyObject *
next_iternext (PyObject *object)
{
  return next_send_method (object, Py_None);
}

static PyObject *
next_throw (PyObject *object,
            PyObject *args)
{
  Next *self = (Next *) object;
  NativeState *state = native_state_of_type (Py_TYPE (object));
  g_autoptr (PyObject) method = NULL;
  g_autoptr (PyObject) returned = NULL;
  PyObject *exception;
  PyObject *value = NULL;
  PyObject *traceback = NULL;
  PyObject *result;

  if (state == NULL || !PyArg_ParseTuple (args, "O|OO:throw", &exception, &value, &traceback))
    return NULL;

  if (self->fetch != NULL)
    {
      method = PyObject_GetAttr (self->fetch, state->throw_name);
      result = method != NULL ? PyObject_CallObject (method, args) : NULL;
      if (result != NULL)
        return result;
      if (!PyErr_ExceptionMatches (PyExc_StopIteration))
        {
          Py_CLEAR (self->fetch);
          Py_CLEAR (self->items);
          return NULL;
        }
      /* It has dealt with the exception, and fetched. */
      PyErr_Clear ();
      Py_CLEAR (self->fetch);
      return next_iternext (object);
    }

  Py_CLEAR (self->items);
  if (PyExceptionInstance_Check (exception))
    PyErr_SetObject ((PyObject *) Py_TYPE (exception), exception);
  else if (PyExceptionClass_Check (exception))
    PyErr_SetObject (exception, value);
  else
    PyErr_SetString (PyExc_TypeError, "exceptions must be classes or instances deriving from BaseException");

  return NULL;
}

static PyObject *
next_close (PyObject *object,
            PyObject *ignored)
{
  Next *self = (Next *) object;
  NativeState *state = native_state_of_type (Py_TYPE (object));
  g_autoptr (PyObject) fetch = g_steal_pointer (&self->fetch);

  Py_CLEAR (self->items);
  if (state == NULL)
    return NULL;
  if (fetch != NULL)
    return PyObject_CallMethodNoArgs (fetch, state->close_name);

  Py_RETURN_NONE;
}

static int
next_traverse (PyObject *object,
               visitproc visit,
               void *arg)
{
  Py_VISIT (Py_TYPE (object));
  Py_VISIT (((Next *) object)->items);
  Py_VISIT (((Next *) object)->fetch);

  return 0;
}

static int
next_clear (PyObject *object)
{
  Py_CLEAR (((Next *) object)->items);
  Py_CLEAR (((Next *) object)->fetch);

  return 0;
}

static void
next_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  PyObject_GC_UnTrack (object);
  next_clear (object);
  type->tp_free (object);
  Py_DECREF (type);
}

/* Those of collections.abc.Coroutine: a task can be made of it. */
static PyMethodDef next_methods[] = {
  { "send", next_send_method, METH_O, "send($self, value, /)\n--\n\nGo on." },
  { "throw", next_throw, METH_VARARGS, "throw($self, exception, /)\n--\n\nRaise an exception where it waits." },
  { "close", next_close, METH_NOARGS, "close($self, /)\n--\n\nGive up." },
  { NULL, NULL, 0, NULL },
};

static PyType_Slot next_slots[] = {
  { Py_tp_doc, (char *) "What awaits an item." },
  { Py_tp_dealloc, next_dealloc },
  { Py_tp_traverse, next_traverse },
  { Py_tp_clear, next_clear },
  { Py_tp_iter, PyObject_SelfIter },
  { Py_tp_iternext, next_iternext },
  { Py_tp_methods, next_methods },
  { Py_am_await, PyObject_SelfIter },
  { Py_am_send, next_send },
  { 0, NULL },
};

PyType_Spec native_next_spec = {
  .name = "gi.overrides._subiter.Next",
  .basicsize = sizeof (Next),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE
           | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = next_slots,
};
