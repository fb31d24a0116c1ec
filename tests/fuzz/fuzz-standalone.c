/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

/* Replays inputs where there is no fuzzer: as a test, with folders that are looked through
 * for files. One that is not there has no files. */

static void
add_files (GPtrArray *files,
           const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  if (dir == NULL)
    {
      if (g_file_test (path, G_FILE_TEST_EXISTS))
        g_ptr_array_add (files, g_strdup (path));
      return;
    }

  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (files, g_build_filename (path, name, NULL));
}

static int
compare_paths (gconstpointer a,
               gconstpointer b)
{
  return g_strcmp0 (a, b);
}

static void
replay (const char *path)
{
  g_autofree char *contents = NULL;
  g_autofree guint8 *exact = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  if (!g_file_get_contents (path, &contents, &size, &error))
    g_error ("%s", error->message);

  /* Not the NUL that GLib adds: a read beyond the end is to show. */
  exact = g_memdup2 (contents, size);
  LLVMFuzzerTestOneInput (exact, size);
}

int
main (int argc,
      char **argv)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);

  LLVMFuzzerInitialize (&argc, &argv);
  for (int i = 1; i < argc; i++)
    add_files (files, argv[i]);
  g_ptr_array_sort_values (files, compare_paths);

  g_print ("1..%u\n", files->len + 1);
  LLVMFuzzerTestOneInput (NULL, 0);
  g_print ("ok 1 - no bytes\n");
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *name = g_path_get_basename (files->pdata[i]);

      replay (files->pdata[i]);
      g_print ("ok %u - %s\n", i + 2, name);
    }

  return 0;
}
