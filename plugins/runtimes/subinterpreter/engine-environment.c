/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-environment-private.h"

#include <string.h>
#include <unistd.h>

/* A new interpreter remembers the environment variables. One that has waited to be used
 * is to have those of the moment in which it is. */

#define FNV_OFFSET G_GUINT64_CONSTANT (14695981039346656037)
#define FNV_PRIME G_GUINT64_CONSTANT (1099511628211)

/* Of the process's environment: whether it is another than before. */
guint64
engine_environment_hash (void)
{
  guint64 hash = FNV_OFFSET;

  for (char **variable = environ; variable != NULL && *variable != NULL; variable++)
    {
      const char *text = *variable;

      /* with the NUL */
      do
        hash = (hash ^ (guint8) *text) * FNV_PRIME;
      while (*text++ != '\0');
    }

  return hash;
}

static void
add_variable (PyObject *variables,
              const char *variable)
{
  const char *value = strchr (variable, '=');
  g_autoptr (PyObject) key = NULL;
  g_autoptr (PyObject) object = NULL;

  if (value == NULL)
    return;

  key = PyBytes_FromStringAndSize (variable, value - variable);
  object = PyBytes_FromString (value + 1);
  /* The first of two counts, as it does for getenv (). */
  if (key != NULL && object != NULL)
    PyDict_SetDefault (variables, key, object);
}

/* Lets os.environ of the current interpreter be what it would be in a new one. That keeps
 * its variables in the dict of the module that it is made of. */
void
engine_environment_refresh (void)
{
  g_autoptr (PyObject) posix = PyImport_ImportModule ("posix");
  g_autoptr (PyObject) variables = posix != NULL ? PyObject_GetAttrString (posix, "environ") : NULL;

  if (variables != NULL && PyDict_Check (variables))
    {
      PyDict_Clear (variables);
      for (char **variable = environ; variable != NULL && *variable != NULL; variable++)
        add_variable (variables, *variable);
    }
  PyErr_Clear ();
}
