/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-failure-private.h"

#include "engine-load-private.h"

#include <string.h>

/* How many causes of an exception are looked at. */
#define MAX_CAUSES 16

/* Text for people: what UTF-8 or a C string cannot hold is escaped. */
char *
engine_dup_text (PyObject *text)
{
  g_autoptr (PyObject) bytes = PyUnicode_AsEncodedString (text, "utf-8", "backslashreplace");
  GString *copy;
  const char *data;
  gsize length;

  if (bytes == NULL)
    {
      PyErr_Clear ();
      return NULL;
    }

  data = PyBytes_AS_STRING (bytes);
  length = (gsize) PyBytes_GET_SIZE (bytes);
  if (memchr (data, '\0', length) == NULL)
    return g_strndup (data, length);

  copy = g_string_sized_new (length + 16);
  for (gsize i = 0; i < length; i++)
    {
      if (data[i] == '\0')
        g_string_append (copy, "\\x00");
      else
        g_string_append_c (copy, data[i]);
    }

  return g_string_free_and_steal (copy);
}

/* The type's name as a reader of its code would write it. */
char *
engine_dup_type_name (PyTypeObject *type)
{
  g_autoptr (PyObject) name = PyType_GetFullyQualifiedName (type);
  char *text = name != NULL ? engine_dup_text (name) : NULL;

  if (text == NULL)
    {
      PyErr_Clear ();
      return g_strdup (type->tp_name);
    }

  return engine_unmangle_text (text);
}

static char *
dup_message (PyObject *exception)
{
  g_autoptr (PyObject) text = PyObject_Str (exception);
  char *message = text != NULL ? engine_dup_text (text) : NULL;

  if (message != NULL)
    return message;

  PyErr_Clear ();
  return g_strdup ("<exception str() failed>");
}

/* An import starts with frames of the import machinery. Where it went through
 * them from C, CPython takes them out itself. */
static void
strip_import_frames (PyObject *exception)
{
  PyObject *traceback = PyException_GetTraceback (exception);
  gboolean stripped = FALSE;

  while (traceback != NULL && traceback != Py_None)
    {
      PyFrameObject *frame = ((PyTracebackObject *) traceback)->tb_frame;
      g_autoptr (PyObject) code = (PyObject *) PyFrame_GetCode (frame);
      g_autoptr (PyObject) file = PyObject_GetAttrString (code, "co_filename");
      const char *name = file != NULL ? PyUnicode_AsUTF8 (file) : NULL;
      PyObject *next;

      if (name == NULL || !g_str_has_prefix (name, "<frozen importlib"))
        break;

      next = (PyObject *) ((PyTracebackObject *) traceback)->tb_next;
      Py_XINCREF (next);
      Py_SETREF (traceback, next);
      stripped = TRUE;
    }
  PyErr_Clear ();

  if (stripped)
    PyException_SetTraceback (exception, traceback != NULL ? traceback : Py_None);
  PyErr_Clear ();
  Py_XDECREF (traceback);
}

static char *
dup_traceback (PyObject *exception,
               const char *type_name,
               const char *message)
{
  g_autoptr (PyObject) module = PyImport_ImportModule ("traceback");
  g_autoptr (PyObject) lines = NULL;
  g_autoptr (PyObject) separator = NULL;
  g_autoptr (PyObject) text = NULL;
  char *traceback = NULL;

  if (module != NULL)
    lines = PyObject_CallMethod (module, "format_exception", "O", exception);
  if (lines != NULL)
    separator = PyUnicode_FromString ("");
  if (separator != NULL)
    text = PyUnicode_Join (separator, lines);
  if (text != NULL)
    traceback = engine_dup_text (text);
  if (traceback != NULL)
    engine_unmangle_text (traceback);
  PyErr_Clear ();

  /* With the memory used up, or the standard library not there. */
  if (traceback == NULL)
    traceback = g_strdup_printf ("Traceback could not be formatted.\n%s%s%s\n",
                                 type_name, *message != '\0' ? ": " : "", message);

  return traceback;
}

static char **
dup_notes (PyObject *exception)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (PyObject) notes = NULL;

  if (PyObject_GetOptionalAttrString (exception, "__notes__", &notes) > 0 && PyList_Check (notes))
    {
      for (Py_ssize_t i = 0; i < PyList_GET_SIZE (notes); i++)
        {
          PyObject *note = PyList_GET_ITEM (notes, i);
          char *text = PyUnicode_Check (note) ? engine_dup_text (note) : NULL;

          if (text != NULL)
            g_strv_builder_take (builder, text);
        }
    }
  PyErr_Clear ();

  return g_strv_builder_end (builder);
}

static SubiterFailure *
failure_new (PyObject *exception)
{
  g_autofree char *type_name = engine_dup_type_name (Py_TYPE (exception));
  g_autofree char *message = dup_message (exception);
  g_autofree char *traceback = NULL;
  g_auto (GStrv) notes = NULL;

  strip_import_frames (exception);
  traceback = dup_traceback (exception, type_name, message);
  notes = dup_notes (exception);

  return subiter_failure_new (type_name, message, traceback, (const char *const *) notes);
}

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

/* Packages that catch this ImportError raise their own one from it. */
static char *
dup_unfit_module (PyObject *exception)
{
  PyObject *cause = Py_NewRef (exception);
  char *module = NULL;

  for (guint i = 0; i < MAX_CAUSES && cause != NULL && module == NULL; i++)
    {
      PyObject *next = NULL;

      if (PyErr_GivenExceptionMatches (cause, PyExc_ImportError))
        {
          g_autofree char *message = dup_message (cause);

          module = find_unfit_module (message);
          next = PyException_GetCause (cause);
          if (next == NULL)
            next = PyException_GetContext (cause);
        }
      Py_SETREF (cause, next);
    }
  Py_XDECREF (cause);

  return module;
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

  /* To describe it runs Python code, which must not be hit by what was aimed at
   * the code that raised it. */
  engine_worker_shield (outcome->worker);
  unfit_module = dup_unfit_module (exception);
  if (unfit_module != NULL)
    {
      g_free (message);
      message = g_strdup_printf ("module \"%s\" does not support subinterpreters; it needs a runtime that "
                                 "runs Python in a process of its own (runtime=\"process\")",
                                 unfit_module);
      code = SUBITER_ERROR_RAISED;
    }

  failure = failure_new (exception);
  engine_worker_unshield (outcome->worker);
  outcome->error = subiter_error_new_for_failure (code, failure);
  if (message != NULL)
    {
      g_free (outcome->error->message);
      outcome->error->message = message;
    }
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
