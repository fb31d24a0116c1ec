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

/* The beginning of the table of functions that others call PyGObject by. */
struct _PygobjectFunctions
{
  gpointer register_class;
  gpointer register_wrapper;
  gpointer lookup_class;
  PyObject *(*new_object) (GObject *object);
  GClosure *(*new_closure) (PyObject *callback,
                            PyObject *args,
                            PyObject *data);
  void (*watch_closure) (PyObject *wrapper,
                         GClosure *closure);
};

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
  g_autoptr (PyObject) glib_module = module != NULL ? PyImport_ImportModule ("gi.repository.GLib") : NULL;
  g_autoptr (PyObject) gobject_module = glib_module != NULL ? PyImport_ImportModule ("gi._gobject") : NULL;
  g_autoptr (PyObject) capsule = NULL;

  if (gobject_module == NULL)
    return FALSE;

  capsule = PyObject_GetAttrString (gobject_module, "_PyGObject_API");
  if (capsule == NULL)
    return FALSE;
  state->functions = PyCapsule_GetPointer (capsule, "gobject._PyGObject_API");
  if (state->functions == NULL)
    return FALSE;

  state->object_type = find_type (module, "Object", sizeof (ObjectWrapper));
  if (state->object_type == NULL)
    return FALSE;
  state->pointer_type = find_type (module, "GPointer", sizeof (PointerWrapper));
  if (state->pointer_type == NULL)
    return FALSE;
  state->variant_type = find_type (glib_module, "Variant", sizeof (PointerWrapper));
  if (state->variant_type == NULL)
    return FALSE;
  if (!PyType_IsSubtype (state->variant_type, state->pointer_type))
    {
      PyErr_SetString (PyExc_ImportError, "GLib.Variant is not as PyGObject has had it since 3.50");
      return FALSE;
    }
  state->no_variant = g_variant_ref_sink (g_variant_new_tuple (NULL, 0));

  return TRUE;
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

PyObject *
native_wrapper_new_source (const NativeState *state,
                           SubiterSource *source)
{
  return state->functions->new_object (G_OBJECT (source));
}

/* Wraps @variant, by @spare if that is not NULL, which is taken over. */
PyObject *
native_wrapper_new_variant (const NativeState *state,
                            GVariant *variant,
                            PyObject *spare)
{
  PyObject *wrapper = spare;

  if (spare != NULL)
    g_variant_unref (((PointerWrapper *) spare)->pointer);
  else
    wrapper = state->variant_type->tp_alloc (state->variant_type, 0);
  if (wrapper == NULL)
    return NULL;

  ((PointerWrapper *) wrapper)->pointer = g_variant_ref (variant);
  ((PointerWrapper *) wrapper)->type = G_TYPE_VARIANT;

  return wrapper;
}

static gboolean
has_weak_reference (const NativeState *state,
                    PyObject *wrapper)
{
  g_autoptr (PyObject) reference = PyObject_GetAttr (wrapper, state->weakref_name);

  return reference != Py_None;
}

static gboolean
has_attributes (const NativeState *state,
                PyObject *wrapper)
{
  g_autoptr (PyObject) dict = PyObject_GetAttr (wrapper, state->dict_name);

  /* That of the wrapper, and this one. */
  return dict == NULL || !PyDict_CheckExact (dict) || PyDict_GET_SIZE (dict) != 0 || Py_REFCNT (dict) > 2;
}

/* Lets go of the variant, so that the wrapper can serve another. FALSE: somebody may
 * notice that, and nothing is changed. */
gboolean
native_wrapper_release_variant (const NativeState *state,
                                PyObject *wrapper)
{
  PointerWrapper *pointer = (PointerWrapper *) wrapper;

  if (Py_REFCNT (wrapper) != 1 || has_attributes (state, wrapper) || has_weak_reference (state, wrapper))
    {
      PyErr_Clear ();
      return FALSE;
    }

  /* What it would be freed with. */
  g_variant_unref (pointer->pointer);
  pointer->pointer = g_variant_ref (state->no_variant);

  return TRUE;
}

/* A closure that holds @callback as long as it is valid, for a handler of @wrapper. */
GClosure *
native_wrapper_new_closure (const NativeState *state,
                            PyObject *wrapper,
                            PyObject *callback)
{
  GClosure *closure = state->functions->new_closure (callback, NULL, NULL);

  state->functions->watch_closure (wrapper, closure);

  return closure;
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
