/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-place-private.h"

/* How much of a key is shown. */
#define MAX_KEY_LENGTH 40

static gboolean
is_name (const char *text)
{
  if (!g_ascii_isalpha (*text) && *text != '_')
    return FALSE;

  while (g_ascii_isalnum (*text) || *text == '_')
    text++;

  return *text == '\0';
}

static void
append_key (GString *path,
            PyObject *key)
{
  g_autoptr (PyObject) description = NULL;
  g_autofree char *text = NULL;

  if (PyUnicode_Check (key))
    text = engine_dup_text (key);
  else
    {
      description = PyObject_Repr (key);
      text = description != NULL ? engine_dup_text (description) : NULL;
    }
  PyErr_Clear ();

  if (text == NULL)
    {
      g_string_append (path, "[?]");
      return;
    }

  if (g_utf8_strlen (text, -1) > MAX_KEY_LENGTH)
    {
      char *short_text = g_utf8_substring (text, 0, MAX_KEY_LENGTH);

      g_free (text);
      text = g_strconcat (short_text, "…", NULL);
      g_free (short_text);
    }

  if (!PyUnicode_Check (key))
    g_string_append_printf (path, "[%s]", text);
  else if (is_name (text))
    g_string_append_printf (path, ".%s", text);
  else
    g_string_append_printf (path, "[\"%s\"]", text);
}

static void
append_place (GString *path,
              const EnginePlace *place)
{
  if (place->parent == NULL)
    {
      g_string_append (path, "item");
      return;
    }

  append_place (path, place->parent);
  if (place->key != NULL)
    append_key (path, place->key);
  else
    g_string_append_printf (path, "[%" G_GSIZE_FORMAT "]", place->index);
}

/* Says where in the item something cannot be shared, and what. */
void
engine_place_refuse (const EnginePlace *place,
                     EngineOutcome *outcome,
                     const char *format,
                     ...)
{
  GString *path = g_string_new (NULL);
  g_autofree char *text = NULL;
  va_list args;

  append_place (path, place);
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  engine_outcome_fail (outcome, SUBITER_ERROR_NOT_SHAREABLE, "%s: %s", path->str, text);
  g_string_free (path, TRUE);
}

/* An object that has weak references to it can be come by as well. */
static gboolean
has_weak_references (PyObject *object)
{
  Py_ssize_t offset = Py_TYPE (object)->tp_weaklistoffset;

  return offset < 0 || (offset > 0 && *(PyObject **) ((char *) object + offset) != NULL);
}

gboolean
engine_place_is_shared (const EnginePlace *place,
                        PyObject *object)
{
  return place->is_shared || Py_REFCNT (object) > (Py_ssize_t) place->n_references || has_weak_references (object);
}
