/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-callable-private.h"

#include "engine-from-variant-private.h"
#include "engine-lent-private.h"
#include "engine-load-private.h"

static char *
describe_module (SubiterCallable *callable)
{
  g_autofree char *name = NULL;

  switch (subiter_callable_get_kind (callable))
    {
    case SUBITER_CALLABLE_ENTRY_POINT:
      return g_strdup_printf ("module \"%s\"", subiter_callable_get_module (callable));
    case SUBITER_CALLABLE_FILE:
      name = g_filename_display_name (subiter_callable_get_path (callable));
      return g_strdup_printf ("file \"%s\"", name);
    case SUBITER_CALLABLE_SOURCE_CODE:
    default:
      return g_strdup ("the source code");
    }
}

static char *
describe_callable (SubiterCallable *callable)
{
  g_autofree char *text = subiter_callable_to_string (callable);

  return g_utf8_make_valid (text, -1);
}

/* Follows the dots of an attribute's name. */
static PyObject *
look_up_attribute (SubiterCallable *callable,
                   PyObject *module,
                   EngineOutcome *outcome)
{
  g_auto (GStrv) names = g_strsplit (subiter_callable_get_attribute (callable), ".", -1);
  g_autoptr (PyObject) object = Py_NewRef (module);

  for (gsize i = 0; names[i] != NULL; i++)
    {
      PyObject *attribute = PyObject_GetAttrString (object, names[i]);

      if (attribute == NULL)
        {
          g_autofree char *where = describe_module (callable);

          if (!PyErr_ExceptionMatches (PyExc_AttributeError))
            engine_outcome_take_exception (outcome);
          else if (i == 0)
            engine_outcome_take_exception_as (outcome, SUBITER_ERROR_NOT_FOUND,
                                              "%s has no attribute \"%s\"", where, names[i]);
          else
            engine_outcome_take_exception_as (outcome, SUBITER_ERROR_NOT_FOUND,
                                              "\"%s\" of %s has no attribute \"%s\"",
                                              names[i - 1], where, names[i]);
          return NULL;
        }
      Py_SETREF (object, attribute);
    }

  return g_steal_pointer (&object);
}

/* Finds what @callable names, loading its module if need be. */
PyObject *
engine_callable_resolve (EngineInterpreter *self,
                         SubiterCallable *callable,
                         EngineOutcome *outcome)
{
  g_autoptr (PyObject) module = engine_load_module (self, callable, outcome);
  g_autoptr (PyObject) object = NULL;

  if (module != NULL)
    object = look_up_attribute (callable, module, outcome);
  if (object == NULL)
    return NULL;

  if (!PyCallable_Check (object))
    {
      g_autofree char *name = describe_callable (callable);
      g_autofree char *type_name = engine_dup_type_name (Py_TYPE (object));

      engine_outcome_fail (outcome, SUBITER_ERROR_NOT_CALLABLE,
                           "\"%s\" is of type \"%s\", which cannot be called; name a function or a class "
                           "that makes an iterable",
                           name, type_name);
      return NULL;
    }

  return g_steal_pointer (&object);
}

static PyObject *
make_bytes (SubiterCallable *callable,
            guint index)
{
  return engine_object_from_bytes (subiter_callable_get_bytes (callable, index));
}

/* Those that are bytes have their places, and the others the rest. */
static gboolean
add_bytes_args (SubiterCallable *callable,
                PyObject *args)
{
  for (guint i = 0; i < subiter_callable_get_n_bytes (callable); i++)
    {
      g_autoptr (PyObject) object = NULL;

      if (subiter_callable_get_bytes_name (callable, i) != NULL)
        continue;
      object = make_bytes (callable, i);
      if (object == NULL
          || PyList_Insert (args, subiter_callable_get_bytes_position (callable, i), object) != 0)
        return FALSE;
    }

  return TRUE;
}

static PyObject *
make_args (SubiterCallable *callable)
{
  GVariant *variant = subiter_callable_get_args (callable);
  g_autoptr (PyObject) args = variant != NULL ? engine_object_from_variant (variant) : PyTuple_New (0);
  g_autoptr (PyObject) all_args = NULL;

  if (args == NULL || subiter_callable_get_n_bytes (callable) == 0)
    return g_steal_pointer (&args);

  all_args = PySequence_List (args);
  if (all_args == NULL || !add_bytes_args (callable, all_args))
    return NULL;

  return PyList_AsTuple (all_args);
}

static PyObject *
make_kwargs (SubiterCallable *callable)
{
  GVariant *variant = subiter_callable_get_kwargs (callable);
  g_autoptr (PyObject) kwargs = variant != NULL ? engine_object_from_variant (variant) : PyDict_New ();

  for (guint i = 0; kwargs != NULL && i < subiter_callable_get_n_bytes (callable); i++)
    {
      const char *name = subiter_callable_get_bytes_name (callable, i);
      g_autoptr (PyObject) object = NULL;

      if (name == NULL)
        continue;
      object = make_bytes (callable, i);
      if (object == NULL || PyDict_SetItemString (kwargs, name, object) != 0)
        return NULL;
    }

  return g_steal_pointer (&kwargs);
}

/* Calls @object, which @callable names, with the arguments bound to that. They
 * are made anew for each call: the code may change them. */
PyObject *
engine_callable_call (SubiterCallable *callable,
                      PyObject *object,
                      EngineOutcome *outcome)
{
  g_autoptr (PyObject) args = make_args (callable);
  g_autoptr (PyObject) kwargs = args != NULL ? make_kwargs (callable) : NULL;
  PyObject *result;

  if (kwargs == NULL)
    {
      g_autofree char *name = describe_callable (callable);

      engine_outcome_take_exception_as (outcome, SUBITER_ERROR_INVALID_ARGUMENT,
                                        "the arguments of \"%s\" cannot be converted to Python's types; "
                                        "a number, a string or another type that Python has can be",
                                        name);
      return NULL;
    }

  result = PyObject_Call (object, args, kwargs);
  if (result == NULL)
    engine_outcome_take_exception (outcome);

  return result;
}

static const char *
get_iteration_hint (PyObject *object)
{
  PyTypeObject *type = Py_TYPE (object);

  if (PyCoro_CheckExact (object))
    return "it has to be a plain function, without \"async\"";
  if (type->tp_as_async != NULL && type->tp_as_async->am_aiter != NULL)
    return "it has to be a plain generator, without \"async\"";
  if (object == Py_None)
    return "it has to yield its items, or return an iterable such as a list";

  return "it has to return an iterable, such as a generator or a list";
}

/* Whether the pending exception is iter ()'s own: code would have left a frame. */
static gboolean
is_complaint_of_iter (void)
{
  g_autoptr (PyObject) exception = NULL;
  g_autoptr (PyObject) traceback = NULL;

  if (!PyErr_ExceptionMatches (PyExc_TypeError))
    return FALSE;

  exception = PyErr_GetRaisedException ();
  traceback = PyException_GetTraceback (exception);
  PyErr_SetRaisedException (g_steal_pointer (&exception));

  return traceback == NULL;
}

/* A coroutine that is dropped complains on standard error of not having been
 * awaited, which nobody meant to do. */
static void
close_coroutine (PyObject *object)
{
  g_autoptr (PyObject) result = NULL;

  if (PyCoro_CheckExact (object))
    result = PyObject_CallMethod (object, "close", NULL);
  PyErr_Clear ();
}

/* Makes an iterator of what @callable returned. */
PyObject *
engine_callable_iterate (SubiterCallable *callable,
                         PyObject *iterable,
                         EngineOutcome *outcome)
{
  g_autofree char *name = NULL;
  g_autofree char *type_name = NULL;
  gboolean is_iterable = Py_TYPE (iterable)->tp_iter != NULL || PySequence_Check (iterable);

  if (is_iterable)
    {
      PyObject *iterator = PyObject_GetIter (iterable);

      if (iterator != NULL)
        return iterator;
      if (!is_complaint_of_iter ())
        {
          engine_outcome_take_exception (outcome);
          return NULL;
        }
    }

  name = describe_callable (callable);
  type_name = engine_dup_type_name (Py_TYPE (iterable));
  if (is_iterable)
    engine_outcome_take_exception_as (outcome, SUBITER_ERROR_NOT_ITERABLE,
                                      "\"%s\" returned a value of type \"%s\", which cannot be iterated: its "
                                      "__iter__ () has to return an iterator",
                                      name, type_name);
  else
    engine_outcome_fail (outcome, SUBITER_ERROR_NOT_ITERABLE,
                         "\"%s\" returned a value of type \"%s\", which cannot be iterated; %s",
                         name, type_name, get_iteration_hint (iterable));
  close_coroutine (iterable);

  return NULL;
}
