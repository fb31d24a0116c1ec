/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-from-variant-private.h"

#include <string.h>

static PyObject *
string_from_variant (GVariant *variant)
{
  gsize length;
  const char *text = g_variant_get_string (variant, &length);

  return PyUnicode_FromStringAndSize (text, (Py_ssize_t) length);
}

static PyObject *
bytes_from_variant (GVariant *variant)
{
  gsize length;
  const char *data = g_variant_get_fixed_array (variant, &length, 1);

  return PyBytes_FromStringAndSize (data, (Py_ssize_t) length);
}

static PyObject *
maybe_from_variant (GVariant *variant)
{
  g_autoptr (GVariant) member = g_variant_get_maybe (variant);

  return member != NULL ? engine_object_from_variant (member) : Py_NewRef (Py_None);
}

static PyObject *
boxed_from_variant (GVariant *variant)
{
  g_autoptr (GVariant) member = g_variant_get_variant (variant);

  return engine_object_from_variant (member);
}

static PyObject *
member_from_variant (GVariant *variant,
                     gsize index)
{
  g_autoptr (GVariant) member = g_variant_get_child_value (variant, index);

  return engine_object_from_variant (member);
}

static PyObject *
tuple_from_variant (GVariant *variant)
{
  gsize n_members = g_variant_n_children (variant);
  g_autoptr (PyObject) tuple = PyTuple_New ((Py_ssize_t) n_members);

  if (tuple == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i++)
    {
      PyObject *member = member_from_variant (variant, i);

      if (member == NULL)
        return NULL;
      PyTuple_SET_ITEM (tuple, (Py_ssize_t) i, member);
    }

  return g_steal_pointer (&tuple);
}

static PyObject *
list_from_variant (GVariant *variant)
{
  gsize n_members = g_variant_n_children (variant);
  g_autoptr (PyObject) list = PyList_New ((Py_ssize_t) n_members);

  if (list == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i++)
    {
      PyObject *member = member_from_variant (variant, i);

      if (member == NULL)
        return NULL;
      PyList_SET_ITEM (list, (Py_ssize_t) i, member);
    }

  return g_steal_pointer (&list);
}

static PyObject *
dict_from_variant (GVariant *variant)
{
  gsize n_pairs = g_variant_n_children (variant);
  g_autoptr (PyObject) dict = PyDict_New ();

  if (dict == NULL)
    return NULL;

  for (gsize i = 0; i < n_pairs; i++)
    {
      g_autoptr (GVariant) pair = g_variant_get_child_value (variant, i);
      g_autoptr (PyObject) key = member_from_variant (pair, 0);
      g_autoptr (PyObject) value = key != NULL ? member_from_variant (pair, 1) : NULL;

      if (value == NULL || PyDict_SetItem (dict, key, value) != 0)
        return NULL;
    }

  return g_steal_pointer (&dict);
}

static PyObject *
array_from_variant (GVariant *variant)
{
  if (g_variant_is_of_type (variant, G_VARIANT_TYPE_BYTESTRING))
    return bytes_from_variant (variant);
  if (g_variant_is_of_type (variant, G_VARIANT_TYPE_DICTIONARY))
    return dict_from_variant (variant);

  return list_from_variant (variant);
}

/* The object that somebody who writes Python would use for it. NULL: an
 * exception is pending. */
PyObject *
engine_object_from_variant (GVariant *variant)
{
  switch (g_variant_classify (variant))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      return PyBool_FromLong (g_variant_get_boolean (variant));
    case G_VARIANT_CLASS_BYTE:
      return PyLong_FromLong (g_variant_get_byte (variant));
    case G_VARIANT_CLASS_INT16:
      return PyLong_FromLong (g_variant_get_int16 (variant));
    case G_VARIANT_CLASS_UINT16:
      return PyLong_FromLong (g_variant_get_uint16 (variant));
    case G_VARIANT_CLASS_INT32:
      return PyLong_FromLong (g_variant_get_int32 (variant));
    case G_VARIANT_CLASS_UINT32:
      return PyLong_FromUnsignedLong (g_variant_get_uint32 (variant));
    case G_VARIANT_CLASS_INT64:
      return PyLong_FromLongLong (g_variant_get_int64 (variant));
    case G_VARIANT_CLASS_UINT64:
      return PyLong_FromUnsignedLongLong (g_variant_get_uint64 (variant));
    case G_VARIANT_CLASS_DOUBLE:
      return PyFloat_FromDouble (g_variant_get_double (variant));
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      return string_from_variant (variant);
    case G_VARIANT_CLASS_VARIANT:
      return boxed_from_variant (variant);
    case G_VARIANT_CLASS_MAYBE:
      return maybe_from_variant (variant);
    case G_VARIANT_CLASS_ARRAY:
      return array_from_variant (variant);
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      return tuple_from_variant (variant);
    case G_VARIANT_CLASS_HANDLE:
    default:
      PyErr_Format (PyExc_TypeError,
                    "an argument of GVariant type \"%s\" cannot be passed to Python; pass a number, a string "
                    "or another type that it has",
                    g_variant_get_type_string (variant));
      return NULL;
    }
}
