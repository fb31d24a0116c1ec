/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plugin-path.h"

#include <string.h>

/* Whether the key file at @path is of a plugin whose module is @module. */
static gboolean
is_of_module (const char *path,
              const char *module)
{
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autofree char *name = NULL;

  if (!g_key_file_load_from_file (key_file, path, G_KEY_FILE_NONE, NULL))
    return FALSE;
  name = g_key_file_get_string (key_file, "Plugin", "Module", NULL);

  return g_strcmp0 (name, module) == 0;
}

/* Looks at the key files in @folder and, if there is @depth left, below it. The
 * result is the folder of the one that is of @module. */
static char *
search_folder (const char *folder,
               const char *module,
               guint depth)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (dir == NULL)
    return NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort_values (names, (GCompareFunc) strcmp);

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      char *found;

      if (g_str_has_suffix (path, ".plugin") && is_of_module (path, module))
        return g_strdup (folder);
      if (depth == 0 || !g_file_test (path, G_FILE_TEST_IS_DIR))
        continue;
      found = search_folder (path, module, depth - 1);
      if (found != NULL)
        return found;
    }

  return NULL;
}

/* The folder of the source plugin that @module, or the package it is in, is of:
 * NULL if it is of none. Only that one goes on Python's path, so that no plugin
 * can come before a module of the same name by lying there. */
char *
plugin_path_find_module (const char *module)
{
  g_autofree char *package = g_strndup (module, strcspn (module, "."));
  const char *path = g_getenv ("SUBITER_PLUGIN_PATH");
  g_auto (GStrv) folders = g_strsplit (path != NULL ? path : "", G_SEARCHPATH_SEPARATOR_S, -1);

  for (gsize i = 0; folders[i] != NULL; i++)
    {
      char *found = *folders[i] != '\0' ? search_folder (folders[i], package, 1) : NULL;

      if (found != NULL)
        return found;
    }

  return search_folder (SUBITER_PLUGINS_DIR, package, 1);
}
