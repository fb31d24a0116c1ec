/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench-support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

static GHashTable *arguments;
static GString *result;

void
bench_fail (const char *format,
            ...)
{
  va_list args;
  g_autofree char *message = NULL;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("%s\n", message);
  _Exit (1);
}

void
bench_parse (int argc,
             char **argv)
{
  arguments = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (int i = 1; i < argc; i++)
    {
      const char *value = strchr (argv[i], '=');

      if (!g_str_has_prefix (argv[i], "--") || value == NULL)
        bench_fail ("An argument is --NAME=VALUE, not “%s”", argv[i]);
      g_hash_table_insert (arguments, g_strndup (argv[i] + 2, (gsize) (value - argv[i] - 2)), g_strdup (value + 1));
    }
}

const char *
bench_get_string (const char *name,
                  const char *fallback)
{
  char *key = NULL;
  char *value = NULL;

  /* What remains is what nobody knows. The text lives as long as the program. */
  if (!g_hash_table_steal_extended (arguments, name, (gpointer *) &key, (gpointer *) &value))
    return fallback;
  g_free (key);

  return g_intern_string (value);
}

gint64
bench_get_int (const char *name,
               gint64 fallback)
{
  const char *text = bench_get_string (name, NULL);
  GError *error = NULL;
  gint64 value;

  if (text == NULL)
    return fallback;
  if (!g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &value, &error))
    bench_fail ("--%s: %s", name, error->message);

  return value;
}

void
bench_check_arguments (void)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, arguments);
  if (g_hash_table_iter_next (&iter, &name, NULL))
    bench_fail ("There is no argument --%s", (const char *) name);
}

gint64
bench_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

void
bench_spin_until (gint64 until)
{
  while (bench_now () < until)
    ;
}

void
bench_put (const char *name,
           double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  if (result == NULL)
    result = g_string_new (NULL);
  g_string_append_printf (result, "%s\"%s\": %s", result->len > 0 ? ", " : "", name,
                          g_ascii_dtostr (digits, sizeof digits, value));
}

/* The requests that callgrind has for this are about the thread that makes them
 * alone; its commands for a debugger are about all. */
void
bench_begin_counting (void)
{
#ifdef HAVE_VALGRIND
  (void) VALGRIND_MONITOR_COMMAND ("zero");
#endif
}

void
bench_end_counting (void)
{
#ifdef HAVE_VALGRIND
  (void) VALGRIND_MONITOR_COMMAND ("dump");
#endif
}

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

void
bench_put_percentiles (const char *prefix,
                       GArray *values)
{
  const struct
  {
    const char *name;
    double share;
  } percentiles[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "max", 1 } };

  if (values->len == 0)
    bench_fail ("There is nothing to take percentiles of");
  g_array_sort (values, compare_doubles);
  for (gsize i = 0; i < G_N_ELEMENTS (percentiles); i++)
    {
      g_autofree char *name = g_strdup_printf ("%s_%s", prefix, percentiles[i].name);

      bench_put (name, g_array_index (values, double, (guint) floor (percentiles[i].share * (values->len - 1) + 0.5)));
    }
}

void
bench_print (void)
{
  g_print ("{%s}\n", result->str);
}

static double
find_kib (const char *text,
          const char *name)
{
  const char *line = strstr (text, name);

  if (line == NULL)
    bench_fail ("The system says nothing about %s", name);

  return g_ascii_strtod (line + strlen (name), NULL);
}

void
bench_note_memory (BenchMemory *memory)
{
  g_autofree char *text = NULL;
  GError *error = NULL;
  double resident;
  double proportional;

  if (memory->resident == NULL)
    {
      memory->resident = g_array_new (FALSE, FALSE, sizeof (double));
      memory->proportional = g_array_new (FALSE, FALSE, sizeof (double));
    }
  if (!g_file_get_contents ("/proc/self/smaps_rollup", &text, NULL, &error))
    bench_fail ("%s", error->message);
  resident = find_kib (text, "\nRss:");
  proportional = find_kib (text, "\nPss:");
  g_array_append_val (memory->resident, resident);
  g_array_append_val (memory->proportional, proportional);
}

static void
put_growth (const char *name,
            GArray *sizes)
{
  g_autoptr (GArray) growths = g_array_new (FALSE, FALSE, sizeof (double));

  /* What the first has made is shared by those after it. */
  for (guint i = 2; i < sizes->len; i++)
    {
      double growth = g_array_index (sizes, double, i) - g_array_index (sizes, double, i - 1);

      g_array_append_val (growths, growth);
    }
  if (growths->len == 0)
    bench_fail ("It takes three workers at least to know of one");
  g_array_sort (growths, compare_doubles);
  bench_put (name, g_array_index (growths, double, growths->len / 2));
}

void
bench_put_memory (BenchMemory *memory)
{
  put_growth ("resident_kib", memory->resident);
  put_growth ("proportional_kib", memory->proportional);
  g_clear_pointer (&memory->resident, g_array_unref);
  g_clear_pointer (&memory->proportional, g_array_unref);
}

SubiterSource *
bench_new_source (SubiterInterpreter *interpreter,
                  const char *entry_point,
                  GVariant *args)
{
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;
  const char *path[] = { g_getenv ("BENCH_WORKERS"), NULL };
  GError *error = NULL;
  SubiterSource *source;

  callable = subiter_callable_new_for_entry_point (entry_point, &error);
  if (callable != NULL)
    bound = subiter_callable_bind (callable, args, NULL, &error);
  if (bound == NULL)
    bench_fail ("%s: %s", entry_point, error->message);

  source = g_object_new (SUBITER_TYPE_SOURCE, "callable", bound, "interpreter", interpreter, NULL);
  if (path[0] != NULL)
    subiter_source_set_python_path (source, path);

  return source;
}

SubiterSource *
bench_new_items (SubiterInterpreter *interpreter,
                 const char *kind,
                 gint64 n_items)
{
  if (g_str_equal (kind, "int"))
    return bench_new_source (interpreter, "builtins:range", g_variant_new ("(x)", n_items));

  return bench_new_source (interpreter, "bench_items:make", g_variant_new ("(sx)", kind, n_items));
}

/* As weigh () of bench_items.py. */
gint64
bench_weigh (GVariant *item)
{
  gsize length;

  switch (g_variant_classify (item))
    {
    case G_VARIANT_CLASS_INT64:
      return g_variant_get_int64 (item);
    case G_VARIANT_CLASS_DOUBLE:
      return (gint64) g_variant_get_double (item);
    case G_VARIANT_CLASS_STRING:
      {
        const char *text = g_variant_get_string (item, &length);

        return (gint64) length + (guint8) text[length - 1];
      }
    default:
      break;
    }

  if (g_variant_is_of_type (item, G_VARIANT_TYPE_BYTESTRING))
    {
      const guint8 *bytes = g_variant_get_fixed_array (item, &length, 1);

      return (gint64) length + bytes[length - 1];
    }
  if (g_variant_is_container (item))
    {
      gint64 sum = 0;

      for (gsize i = 0; i < g_variant_n_children (item); i++)
        {
          g_autoptr (GVariant) child = g_variant_get_child_value (item, i);

          sum += bench_weigh (child);
        }
      return sum;
    }

  bench_fail ("There are no items of the type %s", g_variant_get_type_string (item));
}

gint64
bench_weigh_value (const SubiterValue *value)
{
  const SubiterValue *members;
  const char *text;
  gint64 sum = 0;
  gsize length;

  switch (subiter_value_get_kind (value))
    {
    case SUBITER_VALUE_INT64:
      return subiter_value_get_int64 (value);
    case SUBITER_VALUE_DOUBLE:
      return (gint64) subiter_value_get_double (value);
    case SUBITER_VALUE_STRING:
      text = subiter_value_get_string (value, &length);
      return (gint64) length + (guint8) text[length - 1];
    case SUBITER_VALUE_BYTES:
      text = g_bytes_get_data (subiter_value_get_bytes (value), &length);
      return (gint64) length + (guint8) text[length - 1];
    case SUBITER_VALUE_TUPLE:
    case SUBITER_VALUE_LIST:
    case SUBITER_VALUE_DICT:
      members = subiter_value_get_members (value, &length);
      for (gsize i = 0; i < length; i++)
        sum += bench_weigh_value (&members[i]);
      return sum;
    case SUBITER_VALUE_VARIANT:
      return bench_weigh (subiter_value_get_variant (value));
    default:
      bench_fail ("There are no items of the kind %d", subiter_value_get_kind (value));
    }
}

static void
on_failed (SubiterSource *source,
           GError *error,
           gpointer user_data)
{
  bench_fail ("The source failed: %s", error->message);
}

static void
on_finished (SubiterSource *source,
             gboolean *is_finished)
{
  *is_finished = TRUE;
}

void
bench_exhaust (SubiterSource *source)
{
  gboolean is_finished = FALSE;
  gulong handlers[2];

  handlers[0] = g_signal_connect (source, "failed", G_CALLBACK (on_failed), NULL);
  handlers[1] = g_signal_connect (source, "finished", G_CALLBACK (on_finished), &is_finished);
  subiter_source_start (source);
  bench_wait_for (is_finished);
  g_signal_handler_disconnect (source, handlers[0]);
  g_signal_handler_disconnect (source, handlers[1]);
}

static void
on_closed (GObject *object,
           GAsyncResult *result_,
           gpointer user_data)
{
  gboolean *is_closed = user_data;
  GError *error = NULL;

  if (!subiter_source_close_finish (SUBITER_SOURCE (object), result_, &error))
    bench_fail ("The source could not be closed: %s", error->message);
  *is_closed = TRUE;
}

void
bench_close (SubiterSource *source)
{
  gboolean is_closed = FALSE;

  subiter_source_close_async (source, NULL, on_closed, &is_closed);
  bench_wait_for (is_closed);
}
