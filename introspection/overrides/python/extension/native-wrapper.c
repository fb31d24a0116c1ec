/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What PyGObject's wrappers wrap. Their layout is part of its public interface: macros
 * of its header, which others are built with, look into them. That header is not
 * needed for the two fields. */

#include "native-private.h"

#include <string.h>

typedef struct
{
  PyObject_HEAD
  GObject *object;
} ObjectWrapper;

typedef struct
{
  PyObject_HEAD
  gpointer pointer;
  GType type;
} PointerWrapper;

static PyTypeObject *
find_type (PyObject *module,
           const char *name,
           gsize size)
{
  g_autoptr (PyObject) type = PyObject_GetAttrString (module, name);

  if (type == NULL)
    return NULL;
  if (!PyType_Check (type) || ((PyTypeObject *) type)->tp_basicsize < (Py_ssize_t) size)
    {
      PyErr_Format (PyExc_ImportError, "%R is not as PyGObject has had it since 3.50", type);
      return NULL;
    }

  return (PyTypeObject *) g_steal_pointer (&type);
}

/* FALSE: an exception is pending. In a subinterpreter it is PyGObject's own, which
 * can be imported in the main one only. */
gboolean
native_wrapper_init (NativeState *state)
{
  g_autoptr (PyObject) module = PyImport_ImportModule ("gi.repository.GObject");

  if (module == NULL)
    return FALSE;

  state->object_type = find_type (module, "Object", sizeof (ObjectWrapper));
  if (state->object_type == NULL)
    return FALSE;
  state->pointer_type = find_type (module, "GPointer", sizeof (PointerWrapper));

  return state->pointer_type != NULL;
}

/* The object that is wrapped; NULL: it is another thing than one of @type, and an
 * exception is pending. */
gpointer
native_wrapper_get_object (const NativeState *state,
                           PyObject *wrapper,
                           GType type)
{
  GObject *object = NULL;

  if (PyObject_TypeCheck (wrapper, state->object_type))
    object = ((ObjectWrapper *) wrapper)->object;
  if (object == NULL || !G_TYPE_CHECK_INSTANCE_TYPE (object, type))
    {
      PyErr_Format (PyExc_TypeError, "%R is not a %s", wrapper, g_type_name (type));
      return NULL;
    }

  return object;
}

SubiterSource *
native_wrapper_get_source (const NativeState *state,
                           PyObject *wrapper)
{
  return native_wrapper_get_object (state, wrapper, SUBITER_TYPE_SOURCE);
}

GVariant *
native_wrapper_get_variant (const NativeState *state,
                            PyObject *wrapper)
{
  const PointerWrapper *pointer = (PointerWrapper *) wrapper;

  if (!PyObject_TypeCheck (wrapper, state->pointer_type) || pointer->type != G_TYPE_VARIANT
      || pointer->pointer == NULL)
    {
      PyErr_Format (PyExc_TypeError, "%R is not a GLib.Variant", wrapper);
      return NULL;
    }

  return pointer->pointer;
}

/* What an error of a source is in Python is for its class to say. */
void
native_raise_error (const NativeState *state,
                    PyObject *source,
                    const GError *error)
{
  g_autoptr (PyObject) domain = PyUnicode_FromString (g_quark_to_string (error->domain));
  g_autoptr (PyObject) code = PyLong_FromLong (error->code);
  g_autoptr (PyObject) message = PyUnicode_DecodeUTF8 (error->message, (Py_ssize_t) strlen (error->message),
                                                       "replace");
  g_autoptr (PyObject) exception = NULL;

  if (domain == NULL || code == NULL || message == NULL)
    return;

  exception = PyObject_CallMethodObjArgs (source, state->convert_error_name, domain, code, message, NULL);
  if (exception != NULL)
    PyErr_SetObject ((PyObject *) Py_TYPE (exception), exception);
}
