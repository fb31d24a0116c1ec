/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Variants become objects on both sides: arguments in a worker, and items in a
 * program that consumes them in Python. This is built into what serves either. */

#include "object-from-variant-private.h"

#include <string.h>

static PyObject *
string_from_variant (GVariant *variant)
{
  gsize length;
  const char *text = g_variant_get_string (variant, &length);

  return PyUnicode_FromStringAndSize (text, (Py_ssize_t) length);
}

static PyObject *
maybe_from_variant (GVariant *variant,
                    const ObjectConversion *conversion)
{
  g_autoptr (GVariant) member = g_variant_get_maybe (variant);

  return member != NULL ? object_from_variant (member, conversion) : Py_NewRef (Py_None);
}

static PyObject *
boxed_from_variant (GVariant *variant,
                    const ObjectConversion *conversion)
{
  g_autoptr (GVariant) member = g_variant_get_variant (variant);

  return object_from_variant (member, conversion);
}

static PyObject *
member_from_variant (GVariant *variant,
                     gsize index,
                     const ObjectConversion *conversion)
{
  g_autoptr (GVariant) member = g_variant_get_child_value (variant, index);

  return object_from_variant (member, conversion);
}

static PyObject *
tuple_from_variant (GVariant *variant,
                    const ObjectConversion *conversion)
{
  gsize n_members = g_variant_n_children (variant);
  g_autoptr (PyObject) tuple = PyTuple_New ((Py_ssize_t) n_members);

  if (tuple == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i++)
    {
      PyObject *member = member_from_variant (variant, i, conversion);

      if (member == NULL)
        return NULL;
      PyTuple_SET_ITEM (tuple, (Py_ssize_t) i, member);
    }

  return g_steal_pointer (&tuple);
}

static PyObject *
list_from_variant (GVariant *variant,
                   const ObjectConversion *conversion)
{
  gsize n_members = g_variant_n_children (variant);
  g_autoptr (PyObject) list = PyList_New ((Py_ssize_t) n_members);

  if (list == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i++)
    {
      PyObject *member = member_from_variant (variant, i, conversion);

      if (member == NULL)
        return NULL;
      PyList_SET_ITEM (list, (Py_ssize_t) i, member);
    }

  return g_steal_pointer (&list);
}

static PyObject *
dict_from_variant (GVariant *variant,
                   const ObjectConversion *conversion)
{
  gsize n_pairs = g_variant_n_children (variant);
  g_autoptr (PyObject) dict = PyDict_New ();

  if (dict == NULL)
    return NULL;

  for (gsize i = 0; i < n_pairs; i++)
    {
      g_autoptr (GVariant) pair = g_variant_get_child_value (variant, i);
      g_autoptr (PyObject) key = member_from_variant (pair, 0, conversion);
      g_autoptr (PyObject) value = key != NULL ? member_from_variant (pair, 1, conversion) : NULL;

      if (value == NULL || PyDict_SetItem (dict, key, value) != 0)
        return NULL;
    }

  return g_steal_pointer (&dict);
}

static gsize
number_size (char element_type)
{
  switch (element_type)
    {
    case 'b':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'i':
    case 'u':
      return 4;
    case 'x':
    case 't':
    case 'd':
      return 8;
    default:
      return 0;
    }
}

static PyObject *
object_from_number (char element_type,
                    const guint8 *data)
{
  union
  {
    gint16 n;
    guint16 q;
    gint32 i;
    guint32 u;
    gint64 x;
    guint64 t;
    double d;
  } number;

  if (element_type == 'b')
    return PyBool_FromLong (*data != 0);

  /* It may be anywhere. */
  memcpy (&number, data, number_size (element_type));
  switch (element_type)
    {
    case 'n':
      return PyLong_FromLong (number.n);
    case 'q':
      return PyLong_FromLong (number.q);
    case 'i':
      return PyLong_FromLong (number.i);
    case 'u':
      return PyLong_FromUnsignedLong (number.u);
    case 'x':
      return PyLong_FromLongLong (number.x);
    case 't':
      return PyLong_FromUnsignedLongLong (number.t);
    default:
      return PyFloat_FromDouble (number.d);
    }
}

/* A list of the numbers that lie in a row at @data: of @size bytes, and of one
 * of the types "b n q i u x t d". */
PyObject *
object_list_from_numbers (char element_type,
                          gconstpointer data,
                          gsize size)
{
  gsize step = number_size (element_type);
  gsize n_members = size / step;
  g_autoptr (PyObject) list = PyList_New ((Py_ssize_t) n_members);

  if (list == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i++)
    {
      PyObject *member = object_from_number (element_type, (const guint8 *) data + i * step);

      if (member == NULL)
        return NULL;
      PyList_SET_ITEM (list, (Py_ssize_t) i, member);
    }

  return g_steal_pointer (&list);
}

static PyObject *
array_from_variant (GVariant *variant,
                    const ObjectConversion *conversion)
{
  const char *element = g_variant_get_type_string (variant) + 1;
  gsize step = number_size (*element);
  gsize n_members;
  gconstpointer data;

  if (*element == 'y')
    return conversion->from_bytes (variant);
  if (*element == '{')
    return dict_from_variant (variant, conversion);
  if (step == 0)
    return list_from_variant (variant, conversion);

  data = g_variant_get_fixed_array (variant, &n_members, step);
  return object_list_from_numbers (*element, data, n_members * step);
}

static PyObject *
container_from_variant (GVariant *variant,
                        const ObjectConversion *conversion)
{
  PyObject *object;

  /* A variant that was built, and not read, may be of any depth. */
  if (Py_EnterRecursiveCall (" while a GVariant was converted"))
    return NULL;

  switch (g_variant_classify (variant))
    {
    case G_VARIANT_CLASS_VARIANT:
      object = boxed_from_variant (variant, conversion);
      break;
    case G_VARIANT_CLASS_MAYBE:
      object = maybe_from_variant (variant, conversion);
      break;
    case G_VARIANT_CLASS_ARRAY:
      object = array_from_variant (variant, conversion);
      break;
    default:
      object = tuple_from_variant (variant, conversion);
    }
  Py_LeaveRecursiveCall ();

  return object;
}

/* The object that somebody who writes Python would use for it. NULL: an
 * exception is pending. */
PyObject *
object_from_variant (GVariant *variant,
                     const ObjectConversion *conversion)
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
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      return container_from_variant (variant, conversion);
    case G_VARIANT_CLASS_HANDLE:
    default:
      return conversion->from_other (variant);
    }
}
