/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-worker-private.h"

/* When a condition counts as one that will never be, in s. */
#define FAILSAFE 60

typedef struct
{
  GMainContext *context;
} Fixture;

typedef void (*TestFunc) (void);

/* GLib makes classes and some of its locks when they are first wanted. It is
 * not instrumented, so ThreadSanitizer does not see that this is safe: let it
 * happen while there is one thread. */
static void
warm_up (void)
{
  const GType types[] = { SUBITER_TYPE_SOURCE, SUBITER_TYPE_INTERPRETER, SUBITER_TEST_TYPE_RUNTIME,
                          SUBITER_TEST_TYPE_BROKEN_RUNTIME, G_TYPE_CANCELLABLE, G_TYPE_TASK,
                          SUBITER_TYPE_STATE, SUBITER_TYPE_ERROR };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    g_type_class_ref (types[i]);
  g_variant_unref (g_variant_ref_sink (g_variant_new ("(i)", 1)));
  subiter_error_quark ();
}

void
subiter_test_init (int *argc,
                   char ***argv)
{
  g_test_init (argc, argv, NULL);
  subiter_test_runtime_register ();
  warm_up ();
}

static guint
count_workers (void)
{
  g_autoptr (GPtrArray) ports = subiter_worker_list_ports ();

  return ports->len;
}

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  fixture->context = g_main_context_new ();
  g_main_context_push_thread_default (fixture->context);
  subiter_test_runtime_reset ();
}

static void
run_case (Fixture *fixture,
          gconstpointer data)
{
  const TestFunc *func = data;

  (*func) ();
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  subiter_test_runtime_release ();
  subiter_test_wait_for (count_workers () == 0);
  /* The core does not count a worker that it gave up. */
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ENTERED)
                         == subiter_test_runtime_count (SUBITER_TEST_LEFT));
  subiter_test_drain ();
  g_test_assert_expected_messages ();
  g_main_context_pop_thread_default (fixture->context);
  g_main_context_unref (fixture->context);
}

void
subiter_test_add (const char *path,
                  void (*func) (void))
{
  /* As long as the program lasts; a pointer to data is not one to a
   * function. */
  static GPtrArray *funcs;
  TestFunc *data = g_new (TestFunc, 1);

  if (funcs == NULL)
    funcs = g_ptr_array_new ();
  g_ptr_array_add (funcs, data);

  *data = func;
  g_test_add (path, Fixture, data, set_up, run_case, tear_down);
}

int
subiter_test_run (void)
{
  int status = g_test_run ();

  /* Workers that were given up have been let go, and are not waited for. */
  subiter_test_block_until (subiter_shutdown (FAILSAFE * 1000));

  return status;
}

gboolean
subiter_test_is_thorough (void)
{
  return g_test_thorough () || g_getenv ("SUBITER_TEST_THOROUGH") != NULL;
}

static void
check_failsafe (gint64 *failsafe,
                const char *condition,
                const char *where)
{
  gint64 now = g_get_monotonic_time ();

  if (*failsafe == 0)
    *failsafe = now + FAILSAFE * G_TIME_SPAN_SECOND;
  else if (now > *failsafe)
    g_error ("%s: waited %d s for: %s", where, FAILSAFE, condition);
}

void
subiter_test_iterate (gint64 *failsafe,
                      const char *condition,
                      const char *where)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  /* The condition may be one that comes without anything in the context. */
  GSource *tick = g_timeout_source_new (2);

  check_failsafe (failsafe, condition, where);
  g_source_set_dummy_callback (tick);
  g_source_attach (tick, context);
  g_main_context_iteration (context, TRUE);
  g_source_destroy (tick);
  g_source_unref (tick);
}

void
subiter_test_poll (gint64 *failsafe,
                   const char *condition,
                   const char *where)
{
  check_failsafe (failsafe, condition, where);
  g_usleep (200);
}

void
subiter_test_drain (void)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  while (g_main_context_iteration (context, FALSE))
    continue;
}

void
subiter_test_flag_set (SubiterTestFlag *flag)
{
  atomic_store_explicit (&flag->is_set, 1, memory_order_release);
}

gboolean
subiter_test_flag_is_set (SubiterTestFlag *flag)
{
  return atomic_load_explicit (&flag->is_set, memory_order_acquire) != 0;
}

static void G_GNUC_PRINTF (2, 3)
log_add (SubiterTestLog *log,
         const char *format,
         ...)
{
  va_list args;

  g_assert_true (g_thread_self () == log->thread);

  if (log->text->len > 0)
    g_string_append (log->text, " ");
  va_start (args, format);
  g_string_append_vprintf (log->text, format, args);
  va_end (args);
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         SubiterTestLog *log)
{
  g_autofree char *text = NULL;

  log->n_items++;
  if (log->counts)
    {
      g_assert_true (g_thread_self () == log->thread);
      g_assert_cmpint (g_variant_get_int64 (item), ==, log->n_items - 1);
      return;
    }

  text = g_variant_print (item, FALSE);
  log_add (log, "%s", text);
}

static void
on_finished (SubiterSource *source,
             SubiterTestLog *log)
{
  log->n_ends++;
  log_add (log, "finished");
}

static const char *
error_to_string (const GError *error)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (SUBITER_TYPE_ERROR);

  if (error->domain != SUBITER_ERROR)
    return g_quark_to_string (error->domain);

  return g_enum_get_value (codes, error->code)->value_nick;
}

static void
on_failed (SubiterSource *source,
           GError *error,
           SubiterTestLog *log)
{
  log->n_ends++;
  log_add (log, "failed:%s", error_to_string (error));
}

static gboolean
on_timeout (SubiterSource *source,
            SubiterTestLog *log)
{
  log->n_timeouts++;
  if (log->grants > 0)
    {
      log->grants--;
      log_add (log, "timeout:granted");
      return TRUE;
    }

  log->n_ends++;
  log_add (log, "timeout");
  return FALSE;
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text,
           SubiterTestLog *log)
{
  log_add (log, "%s:%s", stream == SUBITER_STREAM_STDERR ? "err" : "out", text);
}

static void
on_state (SubiterSource *source,
          GParamSpec *pspec,
          SubiterTestLog *log)
{
  g_autoptr (GEnumClass) states = g_type_class_ref (SUBITER_TYPE_STATE);
  SubiterState state = subiter_source_get_state (source);

  g_assert_true (g_thread_self () == log->thread);
  g_string_append_printf (log->states, "%s%s", log->states->len > 0 ? " " : "",
                          g_enum_get_value (states, (int) state)->value_nick);
}

/* The source may end before the log does. */
SubiterTestLog *
subiter_test_log_new (SubiterSource *source)
{
  SubiterTestLog *log = g_new0 (SubiterTestLog, 1);

  log->thread = g_thread_self ();
  log->text = g_string_new (NULL);
  log->states = g_string_new (NULL);
  g_set_weak_pointer (&log->source, source);
  g_signal_connect (source, "item", G_CALLBACK (on_item), log);
  g_signal_connect (source, "finished", G_CALLBACK (on_finished), log);
  g_signal_connect (source, "failed", G_CALLBACK (on_failed), log);
  g_signal_connect (source, "timeout", G_CALLBACK (on_timeout), log);
  g_signal_connect (source, "output", G_CALLBACK (on_output), log);
  g_signal_connect (source, "notify::state", G_CALLBACK (on_state), log);

  return log;
}

void
subiter_test_log_free (SubiterTestLog *log)
{
  if (log->source != NULL)
    g_signal_handlers_disconnect_by_data (log->source, log);
  g_clear_weak_pointer (&log->source);
  g_string_free (log->text, TRUE);
  g_string_free (log->states, TRUE);
  g_free (log);
}

char *
subiter_test_log_take (SubiterTestLog *log)
{
  char *text = g_strdup (log->text->str);

  g_string_truncate (log->text, 0);

  return text;
}

SubiterCallable *
subiter_test_callable_new (const char *function,
                           const char *args)
{
  g_autofree char *entry_point = g_strconcat ("test:", function, NULL);
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (GVariant) tuple = NULL;
  SubiterCallable *bound;
  GError *error = NULL;

  callable = subiter_callable_new_for_entry_point (entry_point, &error);
  g_assert_no_error (error);
  if (args != NULL)
    {
      tuple = g_variant_parse (NULL, args, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  bound = subiter_callable_bind (callable, tuple, NULL, &error);
  g_assert_no_error (error);

  return bound;
}

SubiterSource *
subiter_test_source_new (const char *function,
                         const char *args)
{
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new (function, args);

  return g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "runtime", "test", NULL);
}

SubiterSource *
subiter_test_source_new_on (SubiterInterpreter *interpreter,
                            const char *function,
                            const char *args)
{
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new (function, args);

  return g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "interpreter", interpreter, NULL);
}

void
subiter_test_expect_critical (const char *pattern)
{
  g_test_expect_message ("Subiter", G_LOG_LEVEL_CRITICAL, pattern);
}

void
subiter_test_unref (gpointer object)
{
  subiter_sync_release (object);
  g_object_unref (object);
}
