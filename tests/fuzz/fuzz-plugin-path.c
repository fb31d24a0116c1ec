/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include "plugin-path.h"

#include <glib/gstdio.h>

/* The contents of a key file in a plugin's folder, after a line with the module that is
 * looked for. The folder is found, or it is not; whatever is in the file. */

static char *top;
static char *folder;
static char *key_file;

static void
remove_folders (void)
{
  g_unlink (key_file);
  g_rmdir (folder);
  g_rmdir (top);
  g_clear_pointer (&key_file, g_free);
  g_clear_pointer (&folder, g_free);
  g_clear_pointer (&top, g_free);
}

int
LLVMFuzzerInitialize (int *argc,
                      char ***argv)
{
  g_autoptr (GError) error = NULL;

  fuzz_init ();
  top = g_dir_make_tmp ("subiter-fuzz-XXXXXX", &error);
  g_assert_no_error (error);
  folder = g_build_filename (top, "plugin", NULL);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  key_file = g_build_filename (folder, "one.plugin", NULL);
  g_setenv ("SUBITER_PLUGIN_PATH", top, TRUE);
  atexit (remove_folders);

  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize size)
{
  FuzzReader reader = { data, size };
  g_autofree char *module = fuzz_reader_take_line (&reader);
  g_autofree char *found = NULL;
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (key_file, (const char *) reader.data, (gssize) reader.size, G_FILE_SET_CONTENTS_NONE, 0600,
                            &error);
  g_assert_no_error (error);

  found = plugin_path_find_module (module);
  if (found != NULL)
    g_assert_cmpstr (found, ==, folder);

  return 0;
}
