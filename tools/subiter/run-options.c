/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "run-options.h"

#include "arguments.h"
#include "entry-point.h"

/* That of the property, which is documented. */
#define MAX_BUFFER_SIZE (1u << 20)

#define MAX_JOBS 256

#define DESCRIPTION                                                                       \
  "ENTRY-POINT is “package.module:function” or “folder/file.py:function”: what\n" \
  "to call for the iterable.\n"                                                           \
  "\n"                                                                                    \
  "VALUE is the text of a GVariant, such as 5, 2.5, true, \"'a string'\" or\n"            \
  "\"[1, 2]\". A path and a plain word need no quotes.\n"                                 \
  "\n"                                                                                    \
  "With several jobs, the callable gets the arguments shard=NUMBER and shards=N too.\n"   \
  "\n"                                                                                    \
  "Exit status: 0 finished, 1 failed, 2 wrong usage, 3 timed out, 130 interrupted.\n"     \
  "\n"                                                                                    \
  "Examples:\n"                                                                           \
  "  subiter run builtins:range --arg=5\n"                                                \
  "  subiter run subiter_tree:walk --arg=/usr/lib/python3 --jobs=2 --format=json\n"

/* As they are given, before anything is made of them. */
typedef struct
{
  char **arguments;
  char **python_path;
  char **initializers;
  char **entry_points;
  char *format;
  char *item_type;
  char *runtime;
  int n_jobs;
  gint64 buffer_size;
  gint64 timeout;
  gboolean is_quiet;
} Given;

static void
given_clear (Given *given)
{
  g_strfreev (given->arguments);
  g_strfreev (given->python_path);
  g_strfreev (given->initializers);
  g_strfreev (given->entry_points);
  g_free (given->format);
  g_free (given->item_type);
  g_free (given->runtime);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Given, given_clear)

void
run_options_free (RunOptions *options)
{
  g_clear_pointer (&options->callable, subiter_callable_unref);
  g_clear_pointer (&options->initializers, g_ptr_array_unref);
  g_clear_pointer (&options->item_type, g_variant_type_free);
  g_strfreev (options->python_path);
  g_free (options->runtime);
  g_free (options);
}

static gboolean
parse_given (Given *given,
             int argc,
             char **argv,
             GError **error)
{
  const GOptionEntry entries[] = {
    { "arg", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &given->arguments,
      "Pass an argument to the callable (may be repeated)", "[KEY=]VALUE" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &given->n_jobs,
      "Share the work out to N interpreters", "N" },
    { "format", 'f', 0, G_OPTION_ARG_STRING, &given->format,
      "Print items as text, json or gvariant", "FORMAT" },
    { "item-type", 0, 0, G_OPTION_ARG_STRING, &given->item_type,
      "Insist on items of this GVariant type", "TYPE" },
    { "timeout", 't', 0, G_OPTION_ARG_INT64, &given->timeout,
      "Give up if an item takes longer", "MS" },
    { "buffer-size", 0, 0, G_OPTION_ARG_INT64, &given->buffer_size,
      "Let so many items of an interpreter wait", "N" },
    { "python-path", 'p', 0, G_OPTION_ARG_FILENAME_ARRAY, &given->python_path,
      "Look for modules in a folder first (may be repeated)", "FOLDER" },
    { "initializer", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given->initializers,
      "Call something first, in each interpreter (may be repeated)", "ENTRY-POINT" },
    { "runtime", 0, 0, G_OPTION_ARG_STRING, &given->runtime,
      "Use another runtime than “subinterpreter”", "NAME" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &given->is_quiet,
      "Show no progress", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &given->entry_points,
      NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("ENTRY-POINT");

  g_option_context_set_summary (context, "Iterates what ENTRY-POINT returns, and prints each item on a line.");
  g_option_context_set_description (context, DESCRIPTION);
  g_option_context_add_main_entries (context, entries, NULL);

  return g_option_context_parse (context, &argc, &argv, error);
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error,
        const char *format,
        ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
  va_end (args);

  return FALSE;
}

static gboolean
check_numbers (const Given *given,
               GError **error)
{
  if (given->n_jobs < 1 || given->n_jobs > MAX_JOBS)
    return refuse (error, "--jobs=%d is out of range; it has to be from 1 to %d", given->n_jobs, MAX_JOBS);
  if (given->buffer_size < 1 || given->buffer_size > MAX_BUFFER_SIZE)
    return refuse (error, "--buffer-size=%" G_GINT64_FORMAT " is out of range; it has to be from 1 to %u",
                   given->buffer_size, MAX_BUFFER_SIZE);
  if (given->timeout < 0 || given->timeout > G_MAXUINT)
    return refuse (error, "--timeout=%" G_GINT64_FORMAT " is out of range; it has to be from 0, for none, "
                          "to %u ms",
                   given->timeout, G_MAXUINT);

  return TRUE;
}

static gboolean
take_item_type (RunOptions *options,
                const char *text,
                GError **error)
{
  if (text == NULL)
    return TRUE;

  if (!g_variant_type_string_is_valid (text))
    return refuse (error, "--item-type=%s is not the type of a GVariant; it has to be one such as “s”, “x” or "
                          "“(sd)”",
                   text);
  options->item_type = g_variant_type_new (text);
  if (!g_variant_type_is_definite (options->item_type))
    return refuse (error, "--item-type=%s stands for several types; it has to be a definite one, such as “s”, "
                          "“av” or “(sd)”",
                   text);

  return TRUE;
}

static gboolean
take_callable (RunOptions *options,
               const Given *given,
               GError **error)
{
  const char *const *arguments = (const char *const *) given->arguments;
  g_autoptr (SubiterCallable) callable = NULL;

  if (given->entry_points == NULL)
    return refuse (error, "it has to be said what to run: an entry point, such as “builtins:range”");
  if (given->entry_points[1] != NULL)
    return refuse (error, "“%s” is one entry point too many; arguments go into --arg",
                   given->entry_points[1]);
  for (gsize i = 0; arguments != NULL && arguments[i] != NULL; i++)
    {
      if (!g_utf8_validate (arguments[i], -1, NULL))
        return refuse (error, "an argument of --arg is not UTF-8");
    }
  if (given->n_jobs > 1
      && (arguments_have_key (arguments, "shard") || arguments_have_key (arguments, "shards")))
    return refuse (error, "--jobs passes the keyword arguments “shard” and “shards” itself: leave them out");

  callable = entry_point_parse (given->entry_points[0], error);
  if (callable == NULL)
    return FALSE;
  options->callable = arguments_bind (callable, arguments, error);

  return options->callable != NULL;
}

static gboolean
take_initializers (RunOptions *options,
                   char **entry_points,
                   GError **error)
{
  options->initializers = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_callable_unref);
  for (gsize i = 0; entry_points != NULL && entry_points[i] != NULL; i++)
    {
      SubiterCallable *initializer = entry_point_parse (entry_points[i], error);

      if (initializer == NULL)
        return FALSE;
      g_ptr_array_add (options->initializers, initializer);
    }

  return TRUE;
}

static gboolean
take_python_path (RunOptions *options,
                  char **folders,
                  GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  char *folder;

  for (gsize i = 0; folders != NULL && folders[i] != NULL; i++)
    {
      if (!g_file_test (folders[i], G_FILE_TEST_IS_DIR))
        return refuse (error, "--python-path=%s is not a folder", folders[i]);
      g_strv_builder_take (builder, g_canonicalize_filename (folders[i], NULL));
    }

  folder = entry_point_dup_folder (options->callable);
  if (folder != NULL)
    g_strv_builder_take (builder, folder);
  for (guint i = 0; i < options->initializers->len; i++)
    {
      folder = entry_point_dup_folder (options->initializers->pdata[i]);
      if (folder != NULL)
        g_strv_builder_take (builder, folder);
    }
  options->python_path = g_strv_builder_end (builder);

  return TRUE;
}

/* What an error quotes need not be UTF-8, what shows it wants that. */
static void
make_message_valid (GError **error)
{
  char *message;

  if (error == NULL)
    return;

  message = g_utf8_make_valid ((*error)->message, -1);
  g_free ((*error)->message);
  (*error)->message = message;
}

/* Asked for help, this shows it and ends the program. */
RunOptions *
run_options_parse (int argc,
                   char **argv,
                   GError **error)
{
  g_auto (Given) given = { .n_jobs = 1, .buffer_size = 64 };
  g_autoptr (RunOptions) options = g_new0 (RunOptions, 1);

  if (!parse_given (&given, argc, argv, error)
      || !check_numbers (&given, error)
      || !take_callable (options, &given, error)
      || !take_initializers (options, given.initializers, error)
      || !take_item_type (options, given.item_type, error)
      || (given.format != NULL && !item_format_parse (given.format, &options->format, error))
      || !take_python_path (options, given.python_path, error))
    {
      make_message_valid (error);
      return NULL;
    }

  options->n_jobs = (guint) given.n_jobs;
  options->buffer_size = (guint) given.buffer_size;
  options->timeout = (guint) given.timeout;
  options->runtime = g_steal_pointer (&given.runtime);
  options->is_quiet = given.is_quiet;

  return g_steal_pointer (&options);
}
