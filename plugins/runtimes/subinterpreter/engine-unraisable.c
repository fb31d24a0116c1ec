/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-unraisable-private.h"

#include "engine-describe-private.h"

/* The first line of Python's own report. */
static PyObject *
make_headline (PyObject *unraisable)
{
  g_autoptr (PyObject) message = PyObject_GetAttrString (unraisable, "err_msg");
  g_autoptr (PyObject) object = message != NULL ? PyObject_GetAttrString (unraisable, "object") : NULL;
  g_autoptr (PyObject) name = NULL;

  if (object == NULL)
    return NULL;

  if (object != Py_None)
    {
      name = PyObject_Repr (object);
      if (name == NULL)
        {
          PyErr_Clear ();
          name = PyUnicode_FromString ("<object repr() failed>");
        }
    }
  if (name == NULL && PyErr_Occurred ())
    return NULL;

  if (message == Py_None)
    return name != NULL ? PyUnicode_FromFormat ("Exception ignored in: %U\n", name)
                        : PyUnicode_FromString ("Exception ignored in:\n");

  return name != NULL ? PyUnicode_FromFormat ("%S: %U\n", message, name) : PyUnicode_FromFormat ("%S:\n", message);
}

/* Says what was raised where nobody can catch it, such as in __del__ (), on
 * standard error. Python's own way of it does not know the lines of code that is
 * of no file. */
static PyObject *
report (PyObject *ignored,
        PyObject *unraisable)
{
  g_autoptr (PyObject) exception = PyObject_GetAttrString (unraisable, "exc_value");
  g_autoptr (PyObject) headline = NULL;
  g_autoptr (PyObject) text = NULL;
  g_autoptr (PyObject) stream = NULL;
  g_autoptr (SubiterFailure) failure = NULL;

  if (exception == NULL)
    return NULL;

  /* At the very end there is none. */
  stream = Py_XNewRef (PySys_GetObject ("stderr"));
  if (stream == NULL || stream == Py_None)
    Py_RETURN_NONE;

  headline = make_headline (unraisable);
  if (headline == NULL)
    return NULL;
  if (PyExceptionInstance_Check (exception))
    failure = engine_describe (NULL, exception);

  text = PyUnicode_FromFormat ("%U%s", headline, failure != NULL ? subiter_failure_get_traceback (failure) : "");
  if (text == NULL)
    return NULL;

  return PyObject_CallMethod (stream, "write", "O", text);
}

static PyMethodDef report_method = {
  "unraisablehook", report, METH_O,
  PyDoc_STR ("unraisablehook($module, unraisable, /)\n--\n\nReport an exception that nobody can catch.")
};

/* FALSE: an exception is pending. */
gboolean
engine_unraisable_install (void)
{
  g_autoptr (PyObject) function = PyCFunction_New (&report_method, NULL);

  return function != NULL && PySys_SetObject ("unraisablehook", function) == 0;
}
