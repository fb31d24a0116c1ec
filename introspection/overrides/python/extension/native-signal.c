/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handlers of signals that have one variant. PyGObject looks up the class of the
 * wrapper by its name whenever it makes one, and the end of a wrapper is code in Python
 * that looks up more: nine tenths of what an item costs. Here the class is known, and a
 * wrapper that nobody has kept is used for the next item.
 *
 * The closure is PyGObject's all the same, so that the garbage collector sees what it
 * holds, and a source that ends or a handler that is disconnected lets go of it. */

#include "native-private.h"

#include <string.h>

typedef struct
{
  PyObject_HEAD
  PyObject *callback;
  /* a tuple */
  PyObject *args;
  /* nullable: a wrapper that is there to be used again */
  PyObject *spare;
} Handler;

static void
handler_marshal (GClosure *closure,
                 GValue *return_value,
                 guint n_values,
                 const GValue *values,
                 gpointer hint,
                 gpointer marshal_data)
{
  PyGILState_STATE gil = PyGILState_Ensure ();
  Handler *self = (Handler *) Py_NewRef (marshal_data);
  const NativeState *state = native_state_of_type (Py_TYPE (self));
  Py_ssize_t n_args = PyTuple_GET_SIZE (self->args);
  g_autofree PyObject **many = NULL;
  /* The callee may use the first place. */
  PyObject *few[8];
  PyObject **arguments = few;
  PyObject *source = native_wrapper_new_source (state, g_value_get_object (&values[0]));
  PyObject *variant = NULL;
  PyObject *result = NULL;

  if (source != NULL)
    variant = native_wrapper_new_variant (state, g_value_get_variant (&values[1]), g_steal_pointer (&self->spare));

  if (variant != NULL)
    {
      if (n_args + 3 > (Py_ssize_t) G_N_ELEMENTS (few))
        arguments = many = g_new (PyObject *, n_args + 3);
      arguments[1] = source;
      arguments[2] = variant;
      for (Py_ssize_t i = 0; i < n_args; i++)
        arguments[3 + i] = PyTuple_GET_ITEM (self->args, i);
      result = PyObject_Vectorcall (self->callback, arguments + 1,
                                    (size_t) (n_args + 2) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }

  if (result == NULL)
    PyErr_Print ();

  /* It may have been called again meanwhile, or disconnected. */
  if (variant != NULL && self->spare == NULL && native_wrapper_release_variant (state, variant))
    self->spare = g_steal_pointer (&variant);
  Py_XDECREF (variant);
  Py_XDECREF (source);
  Py_XDECREF (result);
  Py_DECREF (self);
  PyGILState_Release (gil);
}

/* connect (source, signal, callback, args, after): the number of the handler */
PyObject *
native_connect (PyObject *module,
                PyObject *args)
{
  NativeState *state = PyModule_GetState (module);
  PyObject *wrapper;
  const char *name;
  PyObject *callback;
  PyObject *extra;
  int after;
  SubiterSource *source;
  guint id;
  Handler *self;
  GClosure *closure;

  if (!PyArg_ParseTuple (args, "OsOO!p", &wrapper, &name, &callback, &PyTuple_Type, &extra, &after))
    return NULL;
  source = native_wrapper_get_source (state, wrapper);
  if (source == NULL)
    return NULL;
  id = g_signal_lookup (name, SUBITER_TYPE_SOURCE);
  if (strcmp (name, "item") != 0 && strcmp (name, "items") != 0)
    {
      PyErr_Format (PyExc_ValueError, "\"%s\" is no signal with a variant", name);
      return NULL;
    }

  self = PyObject_GC_New (Handler, state->handler_type);
  if (self == NULL)
    return NULL;
  self->callback = Py_NewRef (callback);
  self->args = Py_NewRef (extra);
  self->spare = NULL;
  PyObject_GC_Track (self);

  closure = native_wrapper_new_closure (state, wrapper, (PyObject *) self);
  g_closure_set_meta_marshal (closure, self, handler_marshal);
  Py_DECREF (self);

  return PyLong_FromUnsignedLong (g_signal_connect_closure_by_id (source, id, 0, closure, after));
}

/* To disconnect_by_func () and the like, it is what was connected. */
static PyObject *
handler_compare (PyObject *object,
                 PyObject *other,
                 int operation)
{
  return PyObject_RichCompare (((Handler *) object)->callback, other, operation);
}

static int
handler_traverse (PyObject *object,
                  visitproc visit,
                  void *arg)
{
  Handler *self = (Handler *) object;

  Py_VISIT (Py_TYPE (object));
  Py_VISIT (self->callback);
  Py_VISIT (self->args);
  Py_VISIT (self->spare);

  return 0;
}

static void
handler_dealloc (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);
  Handler *self = (Handler *) object;

  PyObject_GC_UnTrack (object);
  Py_CLEAR (self->callback);
  Py_CLEAR (self->args);
  Py_CLEAR (self->spare);
  type->tp_free (object);
  Py_DECREF (type);
}

/* There is no tp_clear: what is in a circle with it goes by way of the closure, which
 * the source's wrapper invalidates. */
static PyType_Slot handler_slots[] = {
  { Py_tp_doc, (char *) "What is called for an item." },
  { Py_tp_dealloc, handler_dealloc },
  { Py_tp_traverse, handler_traverse },
  { Py_tp_richcompare, handler_compare },
  { 0, NULL },
};

PyType_Spec native_handler_spec = {
  .name = "gi.overrides._subiter.Handler",
  .basicsize = sizeof (Handler),
  .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE
           | Py_TPFLAGS_DISALLOW_INSTANTIATION,
  .slots = handler_slots,
};
