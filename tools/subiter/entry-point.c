/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "entry-point.h"

#include "plugin-path.h"

#include <string.h>

/* Makes a callable of "module:attribute" or "folder/file.py:attribute". */
SubiterCallable *
entry_point_parse (const char *text,
                   GError **error)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *place = g_strndup (text, colon != NULL ? (gsize) (colon - text) : strlen (text));
  g_autofree char *name = NULL;

  if (strchr (place, G_DIR_SEPARATOR) == NULL && !g_str_has_suffix (place, ".py"))
    {
      name = g_filename_display_name (text);
      return subiter_callable_new_for_entry_point (name, error);
    }

  if (colon != NULL)
    {
      name = g_filename_display_name (colon + 1);
      return subiter_callable_new_for_file (place, name, error);
    }

  name = g_filename_display_name (place);
  g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_INVALID_CALLABLE,
               "“%s” names a file and nothing in it; it has to be such as “%s:function”", name, name);

  return NULL;
}

/* The folder that the modules beside @callable's code are found in, if it is
 * not on Python's path by itself: that of a file, as when Python runs it, or that
 * of a source plugin. */
char *
entry_point_dup_folder (SubiterCallable *callable)
{
  const char *path = subiter_callable_get_path (callable);
  const char *module = subiter_callable_get_module (callable);

  if (path != NULL)
    return g_path_get_dirname (path);

  return module != NULL ? plugin_path_find_module (module) : NULL;
}

/* What else to try if the module was not found: NULL if nothing is known. Unlike
 * `python3 -m`, no module comes from the current folder unasked. */
char *
entry_point_dup_hint (SubiterCallable *callable)
{
  const char *module = subiter_callable_get_module (callable);
  g_autofree char *package = NULL;
  g_autofree char *file = NULL;

  if (module == NULL)
    return NULL;

  package = g_strndup (module, strcspn (module, "."));
  file = g_strconcat (package, ".py", NULL);
  if (g_file_test (file, G_FILE_TEST_IS_REGULAR))
    return g_strdup_printf ("“%s” is in the current folder: add --python-path=.", file);
  if (g_file_test (package, G_FILE_TEST_IS_DIR))
    return g_strdup_printf ("“%s” is a folder in the current one: add --python-path=. if it is the package",
                            package);

  return NULL;
}
