/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scenarios in C, as a program would be written. */

#include "table.h"

#include <subiter.h>

static SubiterCallable *
new_callable (JsonObject *scenario,
              const char *folder,
              GError **error)
{
  const char *attribute = json_object_get_string_member_with_default (scenario, "attribute", "items");
  const char *file = json_object_get_string_member_with_default (scenario, "file", NULL);
  g_autofree char *code = scenario_get_code (scenario);
  g_autofree char *path = NULL;

  if (code != NULL)
    return subiter_callable_new_for_source_code (code, attribute, error);
  if (file == NULL)
    return subiter_callable_new_for_entry_point (json_object_get_string_member (scenario, "entry-point"), error);

  path = *file != '\0' ? g_build_filename (folder, file, NULL) : g_strdup ("");

  return subiter_callable_new_for_file (path, attribute, error);
}

static GObject *
new_source (JsonObject *scenario,
            const char *folder,
            GError **error)
{
  g_autoptr (SubiterCallable) callable = new_callable (scenario, folder, error);
  g_autoptr (GVariant) args = scenario_get_variant (scenario, "args");
  g_autoptr (GVariant) kwargs = scenario_get_variant (scenario, "kwargs");
  g_autoptr (SubiterCallable) bound = NULL;

  if (callable != NULL)
    bound = subiter_callable_bind (callable, args, kwargs, error);

  return bound != NULL ? G_OBJECT (subiter_source_new (bound)) : NULL;
}

static void
call (GObject *source,
      const char *method)
{
  static const struct
  {
    const char *name;
    void (*function) (SubiterSource *source);
  } methods[] = {
    { "start", subiter_source_start },
    { "stop", subiter_source_stop },
    { "pause", subiter_source_pause },
    { "resume", subiter_source_resume },
    { "rewind", subiter_source_rewind },
  };

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      if (g_str_equal (methods[i].name, method))
        methods[i].function (SUBITER_SOURCE (source));
    }
}

static void
set_item_func (GObject *source,
               GCallback func,
               gpointer data)
{
  subiter_source_set_item_func (SUBITER_SOURCE (source), (SubiterItemFunc) func, data, NULL);
}

static GVariant *
next (GObject *source,
      GError **error)
{
  return subiter_source_next (SUBITER_SOURCE (source), NULL, error);
}

static void
next_async (GObject *source,
            guint max_items,
            GAsyncReadyCallback callback,
            gpointer data)
{
  if (max_items > 0)
    subiter_source_next_batch_async (SUBITER_SOURCE (source), max_items, NULL, callback, data);
  else
    subiter_source_next_async (SUBITER_SOURCE (source), NULL, callback, data);
}

static GPtrArray *
next_finish (GObject *source,
             guint max_items,
             GAsyncResult *result,
             GError **error)
{
  GPtrArray *items;
  GVariant *item;

  if (max_items > 0)
    return subiter_source_next_batch_finish (SUBITER_SOURCE (source), result, error);

  item = subiter_source_next_finish (SUBITER_SOURCE (source), result, error);
  items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  if (item != NULL)
    g_ptr_array_add (items, item);

  return items;
}

static void
close_async (GObject *source,
             GAsyncReadyCallback callback,
             gpointer data)
{
  subiter_source_close_async (SUBITER_SOURCE (source), NULL, callback, data);
}

static gboolean
close_finish (GObject *source,
              GAsyncResult *result,
              GError **error)
{
  return subiter_source_close_finish (SUBITER_SOURCE (source), result, error);
}

static char *
get_code (const GError *error)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (SUBITER_TYPE_ERROR);

  if (error->domain != SUBITER_ERROR)
    return NULL;

  return g_strdup (g_enum_get_value (codes, error->code)->value_nick);
}

static char *
get_failure_text (gpointer failure,
                  const char *what)
{
  if (failure == NULL)
    return NULL;
  if (g_str_equal (what, "exception_type"))
    return g_strdup (subiter_failure_get_exception_type (failure));
  if (g_str_equal (what, "message"))
    return g_strdup (subiter_failure_get_message (failure));

  return g_strdup (subiter_failure_get_traceback (failure));
}

static gpointer
get_failure_cause (gpointer failure)
{
  return subiter_failure_get_cause (failure);
}

static char **
get_failure_notes (gpointer failure)
{
  return failure != NULL ? g_strdupv ((char **) subiter_failure_get_notes (failure)) : NULL;
}

int
main (int argc,
      char **argv)
{
  static const Language language = {
    .new_source = new_source,
    .call = call,
    .set_item_func = set_item_func,
    .next = next,
    .next_async = next_async,
    .next_finish = next_finish,
    .close_async = close_async,
    .close_finish = close_finish,
    .get_code = get_code,
    .get_failure_cause = get_failure_cause,
    .get_failure_text = get_failure_text,
    .get_failure_notes = get_failure_notes,
  };

  return run_table (argc, argv, run_scenario, (gpointer) &language);
}
