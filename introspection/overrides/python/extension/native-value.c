/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Items become objects without a variant in between. A type that was wanted of them
 * makes another object of a few: of an int a float, of a list a tuple. */

#include "native-private.h"

#include <string.h>

static PyObject *
bytes_from_variant (GVariant *variant)
{
  gsize length;
  const char *data = g_variant_get_fixed_array (variant, &length, 1);

  return PyBytes_FromStringAndSize (data, (Py_ssize_t) length);
}

static PyObject *
handle_from_variant (GVariant *variant)
{
  return PyLong_FromLong (g_variant_get_handle (variant));
}

const ObjectConversion native_conversion = {
  .from_bytes = bytes_from_variant,
  .from_other = handle_from_variant,
};

static PyObject *
string_from_value (const SubiterValue *value)
{
  gsize length;
  const char *text = subiter_value_get_string (value, &length);

  return PyUnicode_FromStringAndSize (text, (Py_ssize_t) length);
}

static PyObject *
bytes_from_value (const SubiterValue *value)
{
  gsize size;
  const char *data = g_bytes_get_data (subiter_value_get_bytes (value), &size);

  return PyBytes_FromStringAndSize (data, (Py_ssize_t) size);
}

static PyObject *
list_from_array (const SubiterValue *value)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (subiter_value_get_bytes (value), &size);

  return object_list_from_numbers (subiter_value_get_element_type (value), data, size);
}

/* @type is that of a tuple or of an array, or NULL. */
static PyObject *
tuple_from_value (const SubiterValue *value,
                  const GVariantType *type)
{
  gsize n_members;
  const SubiterValue *members = subiter_value_get_members (value, &n_members);
  const GVariantType *member_type = type != NULL ? g_variant_type_first (type) : NULL;
  g_autoptr (PyObject) tuple = PyTuple_New ((Py_ssize_t) n_members);

  if (tuple == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i++)
    {
      PyObject *member = native_object_from_value (&members[i], member_type);

      if (member == NULL)
        return NULL;
      PyTuple_SET_ITEM (tuple, (Py_ssize_t) i, member);
      if (type != NULL)
        member_type = g_variant_type_next (member_type);
    }

  return g_steal_pointer (&tuple);
}

static PyObject *
list_from_value (const SubiterValue *value,
                 const GVariantType *member_type)
{
  gsize n_members;
  const SubiterValue *members = subiter_value_get_members (value, &n_members);
  g_autoptr (PyObject) list = PyList_New ((Py_ssize_t) n_members);

  if (list == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i++)
    {
      PyObject *member = native_object_from_value (&members[i], member_type);

      if (member == NULL)
        return NULL;
      PyList_SET_ITEM (list, (Py_ssize_t) i, member);
    }

  return g_steal_pointer (&list);
}

static PyObject *
dict_from_value (const SubiterValue *value,
                 const GVariantType *type)
{
  gsize n_members;
  const SubiterValue *members = subiter_value_get_members (value, &n_members);
  const GVariantType *pair_type = type != NULL ? g_variant_type_element (type) : NULL;
  const GVariantType *key_type = type != NULL ? g_variant_type_key (pair_type) : NULL;
  const GVariantType *value_type = type != NULL ? g_variant_type_value (pair_type) : NULL;
  g_autoptr (PyObject) dict = PyDict_New ();

  if (dict == NULL)
    return NULL;

  for (gsize i = 0; i < n_members; i += 2)
    {
      g_autoptr (PyObject) key = native_object_from_value (&members[i], key_type);
      g_autoptr (PyObject) member = key != NULL ? native_object_from_value (&members[i + 1], value_type) : NULL;

      if (member == NULL || PyDict_SetItem (dict, key, member) != 0)
        return NULL;
    }

  return g_steal_pointer (&dict);
}

/* A list of ints that is wanted as "ay": bytes. */
static PyObject *
bytes_from_members (const SubiterValue *value)
{
  gsize n_members;
  const SubiterValue *members = subiter_value_get_members (value, &n_members);
  PyObject *bytes = PyBytes_FromStringAndSize (NULL, (Py_ssize_t) n_members);

  if (bytes == NULL)
    return NULL;
  for (gsize i = 0; i < n_members; i++)
    PyBytes_AS_STRING (bytes)[i] = (char) subiter_value_get_int64 (&members[i]);

  return bytes;
}

static PyObject *
untyped_from_value (const SubiterValue *value)
{
  switch ((int) subiter_value_get_kind (value))
    {
    case SUBITER_VALUE_NONE:
      return Py_NewRef (Py_None);
    case SUBITER_VALUE_BOOLEAN:
      return PyBool_FromLong (subiter_value_get_boolean (value));
    case SUBITER_VALUE_INT64:
      return PyLong_FromLongLong (subiter_value_get_int64 (value));
    case SUBITER_VALUE_UINT64:
      return PyLong_FromUnsignedLongLong (subiter_value_get_uint64 (value));
    case SUBITER_VALUE_DOUBLE:
      return PyFloat_FromDouble (subiter_value_get_double (value));
    case SUBITER_VALUE_STRING:
      return string_from_value (value);
    case SUBITER_VALUE_BYTES:
      return bytes_from_value (value);
    case SUBITER_VALUE_ARRAY:
      return list_from_array (value);
    case SUBITER_VALUE_TUPLE:
      return tuple_from_value (value, NULL);
    case SUBITER_VALUE_LIST:
      return list_from_value (value, NULL);
    case SUBITER_VALUE_DICT:
      return dict_from_value (value, NULL);
    case SUBITER_VALUE_VARIANT:
      return object_from_variant (subiter_value_get_variant (value), &native_conversion);
    default:
      PyErr_Format (PyExc_SystemError, "an item of kind %d is not known", subiter_value_get_kind (value));
      return NULL;
    }
}

static PyObject *
float_from_value (const SubiterValue *value)
{
  switch ((int) subiter_value_get_kind (value))
    {
    case SUBITER_VALUE_INT64:
      return PyFloat_FromDouble ((double) subiter_value_get_int64 (value));
    case SUBITER_VALUE_UINT64:
      return PyFloat_FromDouble ((double) subiter_value_get_uint64 (value));
    default:
      return untyped_from_value (value);
    }
}

static gboolean
is_sequence (const SubiterValue *value)
{
  SubiterValueKind kind = subiter_value_get_kind (value);

  return kind == SUBITER_VALUE_TUPLE || kind == SUBITER_VALUE_LIST;
}

/* The object for a value that fits @type (nullable). NULL: an exception is pending. No
 * code in Python runs meanwhile. An item is at most SUBITER_VALUE_MAX_DEPTH deep. */
PyObject *
native_object_from_value (const SubiterValue *value,
                          const GVariantType *type)
{
  const GVariantType *element;

  if (type == NULL)
    return untyped_from_value (value);

  switch (*g_variant_type_peek_string (type))
    {
    case 'd':
      return float_from_value (value);
    case 'm':
      element = g_variant_type_element (type);
      if (subiter_value_get_kind (value) == SUBITER_VALUE_NONE)
        return Py_NewRef (Py_None);
      return native_object_from_value (value, element);
    case '(':
      if (is_sequence (value))
        return tuple_from_value (value, type);
      break;
    case 'a':
      element = g_variant_type_element (type);
      if (subiter_value_get_kind (value) == SUBITER_VALUE_DICT)
        return dict_from_value (value, type);
      if (is_sequence (value))
        return *g_variant_type_peek_string (element) == 'y' ? bytes_from_members (value)
                                                            : list_from_value (value, element);
      break;
    default:
      break;
    }

  return untyped_from_value (value);
}

/* Takes over @batch. FALSE: there is nothing in it. */
gboolean
native_reader_take (NativeReader *reader,
                    SubiterBatch *batch)
{
  native_reader_clear (reader);
  reader->batch = batch;
  reader->values = subiter_batch_peek_values (batch, &reader->n_values);
  reader->type = subiter_batch_get_item_type (batch);
  if (reader->n_values == 0)
    native_reader_clear (reader);

  return reader->batch != NULL;
}

void
native_reader_clear (NativeReader *reader)
{
  g_clear_pointer (&reader->batch, subiter_batch_unref);
  reader->n_values = reader->next = 0;
}

/* The next object, of a reader that is not empty. NULL: an exception is pending, and
 * the item is still there. */
PyObject *
native_reader_pop (NativeReader *reader)
{
  PyObject *object = native_object_from_value (&reader->values[reader->next], reader->type);

  if (object != NULL && ++reader->next == reader->n_values)
    native_reader_clear (reader);

  return object;
}
