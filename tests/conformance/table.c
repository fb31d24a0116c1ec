/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "table.h"

#include <string.h>

Record *
record_new (JsonObject *scenario)
{
  Record *record = g_new0 (Record, 1);

  record->scenario = scenario;
  record->trouble = g_string_new (NULL);
  record->items = g_ptr_array_new_with_free_func (g_free);
  record->ends = g_ptr_array_new_with_free_func (g_free);
  record->log = g_ptr_array_new_with_free_func (g_free);
  record->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  for (guint i = 0; i < G_N_ELEMENTS (record->output); i++)
    record->output[i] = g_string_new (NULL);

  return record;
}

void
record_free (Record *record)
{
  g_string_free (record->trouble, TRUE);
  g_ptr_array_unref (record->items);
  g_ptr_array_unref (record->ends);
  g_ptr_array_unref (record->log);
  g_checksum_free (record->checksum);
  for (guint i = 0; i < G_N_ELEMENTS (record->output); i++)
    g_string_free (record->output[i], TRUE);
  g_free (record->code);
  g_free (record->message);
  g_free (record->exception_type);
  g_free (record->traceback);
  g_strfreev (record->notes);
  g_strfreev (record->causes);
  g_free (record->progress_text);
  g_free (record);
}

void
record_trouble (Record *record,
                const char *format,
                ...)
{
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (record->trouble, format, args);
  va_end (args);
  g_string_append_c (record->trouble, '\n');
}

/* What is sent on by somebody, over D-Bus or into a file, has to be the same
 * when it is read. */
static void
check_serialised (Record *record,
                  GVariant *item)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (item);
  g_autoptr (GVariant) read = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (item), bytes, FALSE));

  if (!g_variant_is_normal_form (read))
    record_trouble (record, "item %u is lost in part if it is serialised", record->items->len);
}

/* By type and serialised form where the table has a checksum, else as text. */
void
record_item (Record *record,
             GVariant *item)
{
  check_serialised (record, item);
  if (!json_object_has_member (record->scenario, "sha256"))
    {
      g_ptr_array_add (record->items, g_variant_print (item, TRUE));
      return;
    }

  g_ptr_array_add (record->items, g_variant_get_size (item) < 200 ? g_variant_print (item, TRUE) : NULL);
  g_checksum_update (record->checksum, (const guchar *) g_variant_get_type_string (item),
                     (gssize) strlen (g_variant_get_type_string (item)) + 1);
  if (g_variant_get_size (item) > 0)
    g_checksum_update (record->checksum, g_variant_get_data (item), (gssize) g_variant_get_size (item));
}

void
record_end (Record *record,
            const char *name)
{
  g_ptr_array_add (record->ends, g_strdup (name));
}

void
record_output (Record *record,
               int stream,
               const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    record_trouble (record, "output that is not UTF-8");
  g_string_append (record->output[stream], text);
}

gboolean
record_has_output (Record *record,
                   const char *text)
{
  return strstr (record->output[1]->str, text) != NULL;
}

void
record_error (Record *record,
              const char *code,
              const char *message)
{
  g_set_str (&record->code, code);
  g_set_str (&record->message, message);
}

void
record_failure (Record *record,
                const char *exception_type,
                const char *traceback,
                const char *const *notes)
{
  g_set_str (&record->exception_type, exception_type);
  g_set_str (&record->traceback, traceback);
  g_strfreev (record->notes);
  record->notes = g_strdupv ((char **) notes);
}

void
record_causes (Record *record,
               const char *const *causes)
{
  g_strfreev (record->causes);
  record->causes = g_strdupv ((char **) causes);
}

void
record_progress (Record *record,
                 double progress,
                 const char *text)
{
  record->progress = progress;
  g_set_str (&record->progress_text, text);
}

GVariant *
scenario_get_variant (JsonObject *scenario,
                      const char *member)
{
  const char *text = json_object_get_string_member_with_default (scenario, member, NULL);

  return text != NULL ? g_variant_ref_sink (g_variant_new_parsed (text)) : NULL;
}

char **
scenario_get_strv (JsonObject *scenario,
                   const char *member,
                   const char *folder)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *array;

  if (!json_object_has_member (scenario, member))
    return NULL;

  array = json_object_get_array_member (scenario, member);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *text = json_array_get_string_element (array, i);

      g_strv_builder_take (builder, folder != NULL ? g_build_filename (folder, text, NULL) : g_strdup (text));
    }

  return g_strv_builder_end (builder);
}

char *
scenario_get_code (JsonObject *scenario)
{
  if (json_object_has_member (scenario, "returns"))
    return g_strdup_printf ("from stock import *\n\n\ndef items():\n    return %s\n",
                            json_object_get_string_member (scenario, "returns"));

  return g_strdup (json_object_get_string_member_with_default (scenario, "code", NULL));
}

/* As GLib writes it, however the table did. */
static char *
normalise (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) variant = g_variant_parse (NULL, text, NULL, NULL, &error);

  return variant != NULL ? g_variant_print (variant, TRUE) : g_strdup_printf ("%s: %s", text, error->message);
}

static void
check_items (Record *record)
{
  JsonObject *scenario = record->scenario;
  gboolean is_range = json_object_has_member (scenario, "range");
  guint n_wanted;

  if (json_object_get_boolean_member_with_default (scenario, "any-items", FALSE))
    return;

  if (is_range)
    n_wanted = (guint) json_object_get_int_member (scenario, "range");
  else if (json_object_has_member (scenario, "sha256"))
    n_wanted = (guint) json_object_get_int_member (scenario, "count");
  else
    n_wanted = json_array_get_length (json_object_get_array_member (scenario, "items"));

  if (record->items->len != n_wanted)
    record_trouble (record, "%u items, not %u", record->items->len, n_wanted);
  if (json_object_has_member (scenario, "sha256"))
    {
      const char *wanted = json_object_get_string_member (scenario, "sha256");

      if (!g_str_equal (g_checksum_get_string (record->checksum), wanted))
        record_trouble (record, "checksum %s, not %s", g_checksum_get_string (record->checksum), wanted);
      return;
    }

  for (guint i = 0; i < MIN (n_wanted, record->items->len); i++)
    {
      g_autofree char *wanted = is_range ? g_strdup_printf ("int64 %u", i)
                                         : normalise (json_array_get_string_element (json_object_get_array_member (scenario, "items"), i));

      if (!g_str_equal (record->items->pdata[i], wanted))
        {
          record_trouble (record, "item %u is %s, not %s", i, (char *) record->items->pdata[i], wanted);
          return;
        }
    }
}

static void
check_texts (Record *record,
             const char *what,
             const GPtrArray *texts,
             JsonNode *wanted,
             const char *default_text)
{
  g_autoptr (GPtrArray) wanted_texts = g_ptr_array_new ();

  if (wanted == NULL && default_text != NULL)
    g_ptr_array_add (wanted_texts, (char *) default_text);
  else if (wanted != NULL && JSON_NODE_HOLDS_VALUE (wanted))
    g_ptr_array_add (wanted_texts, (char *) json_node_get_string (wanted));
  else if (wanted != NULL)
    for (guint i = 0; i < json_array_get_length (json_node_get_array (wanted)); i++)
      g_ptr_array_add (wanted_texts, (char *) json_array_get_string_element (json_node_get_array (wanted), i));

  if (texts->len != wanted_texts->len)
    record_trouble (record, "%u %ss, not %u", texts->len, what, wanted_texts->len);
  for (guint i = 0; i < MAX (texts->len, wanted_texts->len); i++)
    {
      const char *text = i < texts->len ? texts->pdata[i] : "nothing";
      const char *wanted_text = i < wanted_texts->len ? wanted_texts->pdata[i] : "nothing";

      if (!g_str_equal (text, wanted_text))
        record_trouble (record, "%s %u is “%s”, not “%s”", what, i, text, wanted_text);
    }
}

/* Whether the texts of @member are in @text, in their order if they have one. */
static void
check_parts (Record *record,
             const char *member,
             const char *text,
             gboolean ordered)
{
  JsonArray *array = json_object_has_member (record->scenario, member)
                         ? json_object_get_array_member (record->scenario, member) : NULL;
  const char *rest = text;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      const char *part = json_array_get_string_element (array, i);
      const char *found = rest != NULL ? strstr (rest, part) : NULL;

      if (found == NULL)
        record_trouble (record, "%s lacks “%s”: %s", member, part, text != NULL ? text : "there is none");
      else if (ordered)
        rest = found + strlen (part);
    }
}

static void
check_output (Record *record,
              const char *name,
              GString *output)
{
  g_autofree char *parts = g_strconcat (name, "-has", NULL);
  g_autofree char *sha256 = g_strconcat (name, "-sha256", NULL);
  const char *wanted;

  if (json_object_get_boolean_member_with_default (record->scenario, "any-output", FALSE))
    return;
  if (json_object_has_member (record->scenario, parts))
    {
      check_parts (record, parts, output->str, FALSE);
      return;
    }
  if (json_object_has_member (record->scenario, sha256))
    {
      g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, output->str, (gssize) output->len);

      if (!g_str_equal (sum, json_object_get_string_member (record->scenario, sha256)))
        record_trouble (record, "%s of %" G_GSIZE_FORMAT " bytes has checksum %s", name, output->len, sum);
      return;
    }

  wanted = json_object_get_string_member_with_default (record->scenario, name, "");
  if (!g_str_equal (output->str, wanted))
    record_trouble (record, "%s is “%s”, not “%s”", name, output->str, wanted);
}

static void
check_error (Record *record)
{
  JsonObject *scenario = record->scenario;
  const char *exception_type = json_object_get_string_member_with_default (scenario, "exception", NULL);
  const char *code = json_object_get_string_member_with_default (scenario, "error", NULL);

  if (code != NULL && g_strcmp0 (record->code, code) != 0)
    record_trouble (record, "error code %s, not %s: %s", record->code, code, record->message);
  check_parts (record, "message", record->message, FALSE);
  if (exception_type != NULL && g_strcmp0 (record->exception_type, exception_type) != 0)
    record_trouble (record, "exception %s, not %s", record->exception_type, exception_type);
  check_parts (record, "traceback", record->traceback, TRUE);

  if (json_object_has_member (scenario, "notes"))
    {
      g_auto (GStrv) notes = scenario_get_strv (scenario, "notes", NULL);

      if (record->notes == NULL || !g_strv_equal ((const char *const *) notes, (const char *const *) record->notes))
        record_trouble (record, "there are other notes, or none");
    }
  if (json_object_has_member (scenario, "causes"))
    {
      g_auto (GStrv) causes = scenario_get_strv (scenario, "causes", NULL);

      if (record->causes == NULL || !g_strv_equal ((const char *const *) causes, (const char *const *) record->causes))
        record_trouble (record, "there are other causes, or none");
    }
}

void
record_check_refused (Record *record)
{
  const char *wanted = json_object_get_string_member_with_default (record->scenario, "refused", "taken");

  if (g_strcmp0 (record->code, wanted) != 0)
    record_trouble (record, "the callable was refused (%s), not %s: %s", record->code, wanted, record->message);
  check_parts (record, "message", record->message, FALSE);
}

void
record_check (Record *record)
{
  JsonObject *scenario = record->scenario;

  check_items (record);
  check_texts (record, "end", record->ends, json_object_get_member (scenario, "end"), "finished");
  check_texts (record, "message logged", record->log, json_object_get_member (scenario, "log"), NULL);
  check_output (record, "stdout", record->output[1]);
  check_output (record, "stderr", record->output[2]);
  check_error (record);

  if (json_object_has_member (scenario, "progress"))
    {
      JsonArray *wanted = json_object_get_array_member (scenario, "progress");
      const char *text = json_array_get_null_element (wanted, 1) ? NULL : json_array_get_string_element (wanted, 1);

      if (ABS (record->progress - json_array_get_double_element (wanted, 0)) > 1e-9
          || g_strcmp0 (record->progress_text, text) != 0)
        record_trouble (record, "progress is %g, “%s”", record->progress, record->progress_text);
    }
  if (json_object_has_member (scenario, "refused"))
    record_trouble (record, "the callable was taken, not refused");
}
