/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-to-value-private.h"

#include "engine-place-private.h"

#include <string.h>

static gboolean value_from_object (SubiterValue *value,
                                   PyObject *object,
                                   const EnginePlace *place,
                                   EngineOutcome *outcome);

static gboolean
value_from_int (SubiterValue *value,
                PyObject *object,
                const EnginePlace *place,
                EngineOutcome *outcome)
{
  unsigned long long number;
  int overflow;
  long long small;

  small = PyLong_AsLongLongAndOverflow (object, &overflow);
  if (overflow == 0)
    {
      subiter_value_set_int64 (value, small);
      return TRUE;
    }

  number = overflow > 0 ? PyLong_AsUnsignedLongLong (object) : ULLONG_MAX;
  if (overflow > 0 && !(number == ULLONG_MAX && PyErr_Occurred ()))
    {
      subiter_value_set_uint64 (value, number);
      return TRUE;
    }

  PyErr_Clear ();
  engine_place_refuse (place, outcome,
                       "an int beyond 64 bits cannot be shared; it has to be from -2**63 to 2**64 - 1, or be "
                       "made a str or a float");

  return FALSE;
}

/* Says which character it is that has no UTF-8 form. */
static gboolean
refuse_surrogate (const EnginePlace *place,
                  EngineOutcome *outcome)
{
  g_autoptr (PyObject) exception = PyErr_GetRaisedException ();
  Py_ssize_t position;

  if (!PyErr_GivenExceptionMatches (exception, PyExc_UnicodeEncodeError)
      || PyUnicodeEncodeError_GetStart (exception, &position) != 0)
    {
      PyErr_Clear ();
      PyErr_SetRaisedException (g_steal_pointer (&exception));
      engine_outcome_take_exception (outcome);
      return FALSE;
    }

  engine_place_refuse (place, outcome,
                       "a str with a lone surrogate, at character %zd, cannot be shared; it has to be valid "
                       "Unicode: encode it with \"surrogateescape\" to share it as bytes",
                       position);

  return FALSE;
}

static gboolean
refuse_size (const EnginePlace *place,
             EngineOutcome *outcome)
{
  engine_place_refuse (place, outcome, "there is no memory for a copy; make the items smaller");

  return FALSE;
}

static gboolean
value_from_str (SubiterValue *value,
                PyObject *object,
                const EnginePlace *place,
                EngineOutcome *outcome)
{
  Py_ssize_t length;
  const char *text = PyUnicode_AsUTF8AndSize (object, &length);

  if (text == NULL)
    return refuse_surrogate (place, outcome);

  if (memchr (text, '\0', (gsize) length) != NULL)
    {
      engine_place_refuse (place, outcome,
                           "a str with a NUL, at character %zd, cannot be shared; take it out, or encode the "
                           "str to share it as bytes",
                           PyUnicode_FindChar (object, 0, 0, PyUnicode_GET_LENGTH (object), 1));
      return FALSE;
    }

  return subiter_value_set_string (value, text, length) || refuse_size (place, outcome);
}

static gboolean
refuse_change (const EnginePlace *place,
               EngineOutcome *outcome)
{
  engine_place_refuse (place, outcome,
                       "the container was changed while it was converted; share a copy of it");

  return FALSE;
}

/* The members of a list are held while they are converted: that may run code,
 * of a buffer that is written in Python, which may do anything to the list. */
static gboolean
value_from_list (SubiterValue *value,
                 PyObject *object,
                 const EnginePlace *parent,
                 EngineOutcome *outcome)
{
  gsize length = (gsize) PyList_GET_SIZE (object);
  SubiterValue *members = subiter_value_set_list (value, length);
  EnginePlace place = {
    .parent = parent,
    .depth = parent->depth + 1,
    /* the list's, and that of this */
    .n_references = 2,
    .is_shared = engine_place_is_shared (parent, object),
  };

  if (members == NULL)
    return refuse_size (parent, outcome);

  for (gsize i = 0; i < length; i++)
    {
      PyObject *member;
      gboolean converted;

      if ((gsize) PyList_GET_SIZE (object) != length)
        return refuse_change (parent, outcome);

      place.index = i;
      member = Py_NewRef (PyList_GET_ITEM (object, (Py_ssize_t) i));
      converted = value_from_object (&members[i], member, &place, outcome);
      Py_DECREF (member);
      if (!converted)
        return FALSE;
    }

  return TRUE;
}

static gboolean
value_from_tuple (SubiterValue *value,
                  PyObject *object,
                  const EnginePlace *parent,
                  EngineOutcome *outcome)
{
  gsize length = (gsize) PyTuple_GET_SIZE (object);
  SubiterValue *members = subiter_value_set_tuple (value, length);
  EnginePlace place = {
    .parent = parent,
    .depth = parent->depth + 1,
    .n_references = 1,
    .is_shared = engine_place_is_shared (parent, object),
  };

  if (members == NULL)
    return refuse_size (parent, outcome);

  for (gsize i = 0; i < length; i++)
    {
      place.index = i;
      if (!value_from_object (&members[i], PyTuple_GET_ITEM (object, (Py_ssize_t) i), &place, outcome))
        return FALSE;
    }

  return TRUE;
}

static gboolean
value_from_pair (SubiterValue *pair,
                 PyObject *key,
                 PyObject *member,
                 gboolean is_shared,
                 const EnginePlace *parent,
                 EngineOutcome *outcome)
{
  EnginePlace place = {
    .parent = parent,
    .depth = parent->depth + 1,
    .key = key,
    /* the dict's, and that of the caller */
    .n_references = 2,
    .is_shared = is_shared,
  };

  /* Which of these are wanted is for the item-type to say. */
  if (!PyUnicode_Check (key) && !PyLong_Check (key) && !PyFloat_Check (key))
    {
      g_autofree char *type_name = engine_dup_type_name (Py_TYPE (key));

      engine_place_refuse (parent, outcome,
                           "a dict with a key of type \"%s\" cannot be shared; the keys have to be str, or "
                           "numbers if the item-type has those",
                           type_name);
      return FALSE;
    }

  return value_from_object (&pair[0], key, &place, outcome)
         && value_from_object (&pair[1], member, &place, outcome);
}

static gboolean
value_from_exact_dict (SubiterValue *value,
                       PyObject *object,
                       const EnginePlace *place,
                       EngineOutcome *outcome)
{
  gsize length = (gsize) PyDict_GET_SIZE (object);
  gboolean is_shared = engine_place_is_shared (place, object);
  SubiterValue *pairs = subiter_value_set_dict (value, length);
  Py_ssize_t position = 0;
  PyObject *key;
  PyObject *member;

  if (pairs == NULL)
    return refuse_size (place, outcome);

  for (gsize i = 0; i < length; i++)
    {
      gboolean converted;

      if ((gsize) PyDict_GET_SIZE (object) != length || !PyDict_Next (object, &position, &key, &member))
        return refuse_change (place, outcome);

      Py_INCREF (key);
      Py_INCREF (member);
      converted = value_from_pair (&pairs[i * 2], key, member, is_shared, place, outcome);
      Py_DECREF (key);
      Py_DECREF (member);
      if (!converted)
        return FALSE;
    }

  return TRUE;
}

/* A subclass may have an order, or members, of its own. */
static gboolean
value_from_dict_subclass (SubiterValue *value,
                          PyObject *object,
                          const EnginePlace *place,
                          EngineOutcome *outcome)
{
  g_autoptr (PyObject) items = PyMapping_Items (object);
  SubiterValue *pairs;

  if (items == NULL)
    {
      engine_outcome_take_exception (outcome);
      return FALSE;
    }

  pairs = subiter_value_set_dict (value, (gsize) PyList_GET_SIZE (items));
  if (pairs == NULL)
    return refuse_size (place, outcome);

  for (Py_ssize_t i = 0; i < PyList_GET_SIZE (items); i++)
    {
      PyObject *item = PyList_GET_ITEM (items, i);
      PyObject *key;
      PyObject *member;

      if (!PyTuple_Check (item) || PyTuple_GET_SIZE (item) != 2)
        return refuse_change (place, outcome);
      key = PyTuple_GET_ITEM (item, 0);
      member = PyTuple_GET_ITEM (item, 1);
      if (!value_from_pair (&pairs[i * 2], key, member, TRUE, place, outcome))
        return FALSE;
    }

  return TRUE;
}

static gboolean
check_depth (const EnginePlace *place,
             EngineOutcome *outcome)
{
  if (place->depth < SUBITER_VALUE_MAX_DEPTH)
    return TRUE;

  engine_place_refuse (place, outcome,
                       "nested deeper than %d containers; an item may be nested that deep at most",
                       SUBITER_VALUE_MAX_DEPTH);

  return FALSE;
}

static const char *
get_hint (PyObject *object)
{
  if (PyAnySet_Check (object) || PyDictViewSet_Check (object) || PyDictValues_Check (object))
    return "make it a list or a tuple";
  if (PyIter_Check (object))
    return "yield its members one by one, or make it a list";
  if (PyMapping_Check (object) && PyObject_HasAttrStringWithError (object, "keys") > 0)
    return "make it a dict";
  PyErr_Clear ();
  if (PyComplex_Check (object))
    return "make it a tuple of two floats";
  if (PySequence_Check (object))
    return "make it a list or a tuple";

  return "what can be is None, bool, int, float, str, bytes, arrays of numbers, tuple, list and dict";
}

static gboolean
value_from_other (SubiterValue *value,
                  PyObject *object,
                  const EnginePlace *place,
                  EngineOutcome *outcome)
{
  g_autofree char *type_name = NULL;

  if (PyObject_CheckBuffer (object))
    return engine_value_from_buffer (value, object, place, outcome);

  type_name = engine_dup_type_name (Py_TYPE (object));
  engine_place_refuse (place, outcome, "a value of type \"%s\" cannot be shared; %s",
                       type_name, get_hint (object));

  return FALSE;
}

static gboolean
value_from_object (SubiterValue *value,
                   PyObject *object,
                   const EnginePlace *place,
                   EngineOutcome *outcome)
{
  /* What comes most comes first: the exact types, which a look at the type tells. */
  if (PyLong_CheckExact (object))
    return value_from_int (value, object, place, outcome);
  if (PyUnicode_CheckExact (object))
    return value_from_str (value, object, place, outcome);
  if (PyFloat_CheckExact (object))
    {
      subiter_value_set_double (value, PyFloat_AS_DOUBLE (object));
      return TRUE;
    }

  if (object == Py_None)
    return TRUE;
  if (PyBool_Check (object))
    {
      subiter_value_set_boolean (value, object == Py_True);
      return TRUE;
    }
  if (PyLong_Check (object))
    return value_from_int (value, object, place, outcome);
  if (PyUnicode_Check (object))
    return value_from_str (value, object, place, outcome);
  if (PyFloat_Check (object))
    {
      subiter_value_set_double (value, PyFloat_AS_DOUBLE (object));
      return TRUE;
    }
  if (PyBytes_Check (object) || PyByteArray_Check (object))
    return engine_value_from_bytes (value, object, place, outcome);

  if (!PyTuple_Check (object) && !PyList_Check (object) && !PyDict_Check (object))
    return value_from_other (value, object, place, outcome);
  if (!check_depth (place, outcome))
    return FALSE;

  if (PyTuple_Check (object))
    return value_from_tuple (value, object, place, outcome);
  if (PyList_Check (object))
    return value_from_list (value, object, place, outcome);
  if (PyDict_CheckExact (object))
    return value_from_exact_dict (value, object, place, outcome);

  return value_from_dict_subclass (value, object, place, outcome);
}

/* Converts an item, of which the caller has one reference. @value, which is None before, is
 * None again if that fails. */
gboolean
engine_value_from_object (SubiterValue *value,
                          PyObject *object,
                          EngineOutcome *outcome)
{
  static const EnginePlace item = { .n_references = 1 };

  if (value_from_object (value, object, &item, outcome))
    return TRUE;

  subiter_value_clear (value);

  return FALSE;
}
