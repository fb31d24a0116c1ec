/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "table.h"

#include <stdio.h>

/* What runs at this moment. */
static Record *current;

/* All that is logged: the scenario's own, or else a reason to stop. */
static GLogWriterOutput
write_log (GLogLevelFlags level,
           const GLogField *fields,
           gsize n_fields,
           gpointer data)
{
  static const char *const names[] = { "critical", "warning", "message", "info", "debug" };
  const char *message = "";
  const char *domain = "";

  for (gsize i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "MESSAGE"))
        message = fields[i].value;
      else if (g_str_equal (fields[i].key, "GLIB_DOMAIN"))
        domain = fields[i].value;
    }

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (!(level & (G_LOG_LEVEL_CRITICAL << i)))
        continue;
      if (current != NULL && g_str_equal (domain, "Subiter"))
        g_ptr_array_add (current->log, g_strdup_printf ("%s %s", names[i], message));
      else if (current != NULL && i < 2)
        record_trouble (current, "%s of %s: %s", names[i], domain, message);
    }
  if (level & G_LOG_LEVEL_ERROR)
    fprintf (stderr, "%s: %s\n", domain, message);

  return G_LOG_WRITER_HANDLED;
}

static gboolean
is_chosen (const char *name,
           char **patterns)
{
  if (*patterns == NULL)
    return TRUE;

  for (; *patterns != NULL; patterns++)
    {
      if (g_pattern_match_simple (*patterns, name))
        return TRUE;
    }

  return FALSE;
}

static gboolean
is_missing (JsonObject *scenario)
{
  const char *needed = json_object_get_string_member_with_default (scenario, "needs", NULL);

  return needed != NULL && g_strcmp0 (needed, g_getenv ("SUBITER_TEST_WITHOUT")) == 0;
}

static gboolean
report (Record *record,
        const char *name,
        guint number)
{
  g_auto (GStrv) lines = g_strsplit (record->trouble->str, "\n", -1);
  gboolean passed = record->trouble->len == 0;

  printf ("%sok %u - %s\n", passed ? "" : "not ", number, name);
  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++)
    printf ("# %s\n", lines[i]);
  fflush (stdout);

  return passed;
}

/* The arguments are the table, and patterns of names. */
int
run_table (int argc,
           char **argv,
           RunFunc run,
           gpointer data)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;
  g_autofree char *parent = NULL;
  g_autofree char *folder = NULL;
  gboolean passed = TRUE;
  guint number = 0;
  JsonArray *table;

  if (argc < 2 || !json_parser_load_from_file (parser, argv[1], &error))
    {
      printf ("Bail out! %s\n", error != NULL ? error->message : "no table is given");
      return 1;
    }

  parent = g_path_get_dirname (argv[1]);
  folder = g_build_filename (parent, "modules", NULL);
  table = json_node_get_array (json_parser_get_root (parser));
  g_log_set_writer_func (write_log, NULL, NULL);

  for (guint i = 0; i < json_array_get_length (table); i++)
    {
      JsonObject *scenario = json_array_get_object_element (table, i);
      const char *name = json_object_get_string_member (scenario, "name");

      if (!is_chosen (name, argv + 2))
        continue;
      number++;
      if (is_missing (scenario))
        {
          printf ("ok %u - %s # SKIP there is no %s\n", number, name, json_object_get_string_member (scenario, "needs"));
          continue;
        }

      current = record_new (scenario);
      run (current, folder, data);
      passed = report (current, name, number) && passed;
      record_free (g_steal_pointer (&current));
    }
  printf ("1..%u\n", number);

  return passed ? 0 : 1;
}
