/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-failure-private.h"

#include <string.h>

/* How many causes of an exception are looked at. */
#define MAX_CAUSES 16
/* How many generators that yield from each other are shown. */
#define MAX_GENERATORS 64

/* The module that the text of an ImportError says to be unfit for
 * subinterpreters; of a package, the package. */
static char *
find_unfit_module (const char *message)
{
  const char *end = strstr (message, " does not support loading in subinterpreters");
  const char *start = end;

  if (end == NULL)
    return NULL;

  while (start > message && !g_ascii_isspace (start[-1]))
    start--;

  return g_strndup (start, MIN ((gsize) (end - start), strcspn (start, ".")));
}

/* Packages that catch this ImportError raise their own one from it, or another
 * ImportError while they handle it. What else is raised meanwhile has a reason of
 * its own. */
static char *
dup_unfit_module (PyObject *exception)
{
  PyObject *cause = Py_NewRef (exception);
  char *module = NULL;

  for (guint i = 0; i < MAX_CAUSES && cause != NULL && module == NULL; i++)
    {
      gboolean is_import_error = PyErr_GivenExceptionMatches (cause, PyExc_ImportError);
      g_autoptr (PyObject) message = NULL;
      PyObject *next;

      /* not its str (), which may be code of its own */
      if (is_import_error && PyObject_GetOptionalAttrString (cause, "msg", &message) > 0
          && PyUnicode_Check (message))
        {
          g_autofree char *text = engine_dup_text (message);

          module = text != NULL ? find_unfit_module (text) : NULL;
        }
      PyErr_Clear ();

      next = PyException_GetCause (cause);
      if (next == NULL && is_import_error)
        next = PyException_GetContext (cause);
      Py_SETREF (cause, next);
    }
  Py_XDECREF (cause);

  return module;
}

static GError *
make_error (SubiterError code,
            SubiterFailure *failure,
            char *message)
{
  GError *error = subiter_error_new_for_failure (code, failure);

  if (message != NULL)
    {
      g_free (error->message);
      error->message = message;
    }

  return error;
}

static void
take_exception (EngineOutcome *outcome,
                SubiterError code,
                char *message)
{
  g_autoptr (PyObject) exception = PyErr_GetRaisedException ();
  g_autoptr (SubiterFailure) failure = NULL;
  g_autofree char *unfit_module = NULL;
  PyObject *stopped_type = engine_worker_get_stopped_type (outcome->worker);

  /* Only who is told to stop may end by that: code that raises it by itself fails
   * like any other. */
  if (exception == NULL || outcome->error != NULL
      || (stopped_type != NULL && PyErr_GivenExceptionMatches (exception, stopped_type)
          && engine_worker_is_stopping (outcome->worker)))
    {
      g_free (message);
      return;
    }

  failure = engine_describe (outcome->worker, exception);
  unfit_module = dup_unfit_module (exception);
  if (unfit_module != NULL)
    {
      g_free (message);
      message = g_strdup_printf ("module \"%s\" does not support subinterpreters; it needs a runtime that "
                                 "runs Python in a process of its own (runtime=\"process\")",
                                 unfit_module);
      code = SUBITER_ERROR_RAISED;
    }

  outcome->error = make_error (code, failure, message);
}

/* Takes the pending exception for the reason of the failure. */
void
engine_outcome_take_exception (EngineOutcome *outcome)
{
  take_exception (outcome, SUBITER_ERROR_RAISED, NULL);
}

/* Likewise, with words that say more than the exception does. */
void
engine_outcome_take_exception_as (EngineOutcome *outcome,
                                  SubiterError code,
                                  const char *format,
                                  ...)
{
  va_list args;
  char *message;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  take_exception (outcome, code, message);
}

void
engine_outcome_fail (EngineOutcome *outcome,
                     SubiterError code,
                     const char *format,
                     ...)
{
  va_list args;

  if (outcome->error != NULL)
    return;

  va_start (args, format);
  outcome->error = g_error_new_valist (SUBITER_ERROR, code, format, args);
  va_end (args);
}

/* (nullable): where a generator waits, with those that it yields from: as if an
 * exception had been raised there. No exception is pending afterwards. */
static PyObject *
make_place (PyObject *iterator)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) Py_DecRef);
  g_autoptr (PyObject) generator = Py_NewRef (iterator);
  g_autoptr (PyObject) traceback = NULL;

  while (PyGen_CheckExact (generator) && frames->len < MAX_GENERATORS)
    {
      PyObject *frame = PyObject_GetAttrString (generator, "gi_frame");
      PyObject *next = frame != NULL ? PyObject_GetAttrString (generator, "gi_yieldfrom") : NULL;

      if (frame != NULL && PyFrame_Check (frame))
        g_ptr_array_add (frames, frame);
      else
        Py_XDECREF (frame);
      if (next == NULL)
        break;
      Py_SETREF (generator, next);
    }
  PyErr_Clear ();

  for (guint i = frames->len; i > 0; i--)
    {
      PyFrameObject *frame = frames->pdata[i - 1];
      PyObject *entry = PyObject_CallFunction ((PyObject *) &PyTraceBack_Type, "OOii",
                                               traceback != NULL ? traceback : Py_None, frame,
                                               PyFrame_GetLasti (frame), PyFrame_GetLineNumber (frame));

      if (entry == NULL)
        {
          PyErr_Clear ();
          return NULL;
        }
      Py_XSETREF (traceback, entry);
    }

  return g_steal_pointer (&traceback);
}

/* An item of @iterator was refused: where it was yielded is told as for an
 * exception that was raised there, if it is a generator. The message stays. */
void
engine_outcome_locate (EngineOutcome *outcome,
                       PyObject *iterator)
{
  g_autoptr (PyObject) exception = NULL;
  g_autoptr (PyObject) text = NULL;
  g_autoptr (PyObject) place = NULL;
  g_autoptr (SubiterFailure) failure = NULL;
  GError *error;

  if (outcome->error == NULL || subiter_failure_from_error (outcome->error) != NULL)
    return;

  place = make_place (iterator);
  if (place == NULL)
    return;
  text = PyUnicode_DecodeUTF8 (outcome->error->message, (Py_ssize_t) strlen (outcome->error->message), "replace");
  if (text != NULL)
    exception = PyObject_CallOneArg (PyExc_TypeError, text);
  if (exception == NULL || PyException_SetTraceback (exception, place) != 0)
    {
      PyErr_Clear ();
      return;
    }

  failure = engine_describe (outcome->worker, exception);
  error = make_error ((SubiterError) outcome->error->code, failure, g_strdup (outcome->error->message));
  g_clear_error (&outcome->error);
  outcome->error = error;
}
