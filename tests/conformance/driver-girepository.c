/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scenarios for a program that knows nothing but the typelib: it includes
 * no header of Subiter and is not linked to it. What works here works from any
 * language that has introspection. */

#include "girepository-calls.h"
#include "table.h"

#include <stdio.h>

static gpointer
new_callable (JsonObject *scenario,
              const char *folder,
              GError **error)
{
  const char *attribute = json_object_get_string_member_with_default (scenario, "attribute", "items");
  const char *file = json_object_get_string_member_with_default (scenario, "file", NULL);
  g_autofree char *code = scenario_get_code (scenario);
  g_autofree char *path = NULL;
  GIArgument args[2] = { { .v_pointer = NULL }, { .v_string = (char *) attribute } };
  const char *constructor = "new_for_entry_point";
  GIArgument result;
  guint n_args = 2;

  if (code != NULL)
    {
      constructor = "new_for_source_code";
      args[0].v_string = code;
    }
  else if (file != NULL)
    {
      constructor = "new_for_file";
      args[0].v_string = path = *file != '\0' ? g_build_filename (folder, file, NULL) : g_strdup ("");
    }
  else
    {
      args[0].v_string = (char *) json_object_get_string_member (scenario, "entry-point");
      n_args = 1;
    }

  return calls_invoke ("Callable", constructor, args, n_args, &result, error) ? result.v_pointer : NULL;
}

static GObject *
new_source (JsonObject *scenario,
            const char *folder,
            GError **error)
{
  gpointer callable = new_callable (scenario, folder, error);
  g_autoptr (GVariant) args = scenario_get_variant (scenario, "args");
  g_autoptr (GVariant) kwargs = scenario_get_variant (scenario, "kwargs");
  GIArgument bind_args[3] = { { .v_pointer = callable }, { .v_pointer = args }, { .v_pointer = kwargs } };
  GObject *source = NULL;
  GIArgument bound;

  if (callable == NULL)
    return NULL;

  if (calls_invoke ("Callable", "bind", bind_args, 3, &bound, error))
    {
      source = g_object_new (calls_get_type ("Source"), "callable", bound.v_pointer, NULL);
      g_boxed_free (calls_get_type ("Callable"), bound.v_pointer);
    }
  g_boxed_free (calls_get_type ("Callable"), callable);

  return source;
}

static void
call (GObject *source,
      const char *method)
{
  GIArgument args[1] = { { .v_pointer = source } };

  calls_invoke ("Source", method, args, 1, NULL, NULL);
}

static void
set_item_func (GObject *source,
               GCallback func,
               gpointer data)
{
  GIArgument args[4] = { { .v_pointer = source }, { .v_pointer = (gpointer) func }, { .v_pointer = data }, { .v_pointer = NULL } };

  calls_invoke ("Source", "set_item_func", args, 4, NULL, NULL);
}

static GVariant *
next (GObject *source,
      GError **error)
{
  GIArgument args[2] = { { .v_pointer = source }, { .v_pointer = NULL } };
  GIArgument result;

  return calls_invoke ("Source", "next", args, 2, &result, error) ? result.v_pointer : NULL;
}

static void
next_async (GObject *source,
            guint max_items,
            GAsyncReadyCallback callback,
            gpointer data)
{
  GIArgument args[5] = { { .v_pointer = source } };
  guint n_args = 1;

  if (max_items > 0)
    args[n_args++].v_uint = max_items;
  args[n_args++].v_pointer = NULL;
  args[n_args++].v_pointer = (gpointer) callback;
  args[n_args++].v_pointer = data;
  calls_invoke ("Source", max_items > 0 ? "next_batch_async" : "next_async", args, n_args, NULL, NULL);
}

static GPtrArray *
next_finish (GObject *source,
             guint max_items,
             GAsyncResult *result,
             GError **error)
{
  GIArgument args[2] = { { .v_pointer = source }, { .v_pointer = result } };
  GPtrArray *items;
  GIArgument answer;

  if (!calls_invoke ("Source", max_items > 0 ? "next_batch_finish" : "next_finish", args, 2, &answer, error))
    return NULL;
  if (max_items > 0)
    return answer.v_pointer;

  items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  if (answer.v_pointer != NULL)
    g_ptr_array_add (items, answer.v_pointer);

  return items;
}

static void
close_async (GObject *source,
             GAsyncReadyCallback callback,
             gpointer data)
{
  GIArgument args[4] = { { .v_pointer = source }, { .v_pointer = NULL }, { .v_pointer = (gpointer) callback }, { .v_pointer = data } };

  calls_invoke ("Source", "close_async", args, 4, NULL, NULL);
}

static gboolean
close_finish (GObject *source,
              GAsyncResult *result,
              GError **error)
{
  GIArgument args[2] = { { .v_pointer = source }, { .v_pointer = result } };
  GIArgument answer;

  return calls_invoke ("Source", "close_finish", args, 2, &answer, error) && answer.v_boolean;
}

static char *
get_code (const GError *error)
{
  return calls_get_error_name ("Error", error);
}

static char *
get_failure_text (gpointer failure,
                  const char *what)
{
  g_autofree char *method = g_strconcat ("get_", what, NULL);
  GIArgument args[1] = { { .v_pointer = failure } };
  GIArgument text;

  if (failure == NULL)
    return NULL;

  calls_invoke ("Failure", method, args, 1, &text, NULL);

  return g_strdup (text.v_string);
}

static gpointer
get_failure_cause (gpointer failure)
{
  GIArgument args[1] = { { .v_pointer = failure } };
  GIArgument cause;

  calls_invoke ("Failure", "get_cause", args, 1, &cause, NULL);

  return cause.v_pointer;
}

static char **
get_failure_notes (gpointer failure)
{
  GIArgument args[1] = { { .v_pointer = failure } };
  GIArgument notes;

  if (failure == NULL)
    return NULL;

  calls_invoke ("Failure", "get_notes", args, 1, &notes, NULL);

  return g_strdupv (notes.v_pointer);
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
  g_autoptr (GError) error = NULL;

  if (!calls_load ("Subiter", "1", &error))
    {
      printf ("Bail out! %s\n", error->message);
      return 1;
    }
  /* Registered by whoever asks for it first, which a program does by its type function. */
  calls_get_type ("Failure");

  return run_table (argc, argv, run_scenario, (gpointer) &language);
}
