/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-runtime-private.h"

#include <string.h>

/* How often a loop that nothing wakes looks around, in µs. */
#define POLL_INTERVAL 200

static gint64
get_int (SubiterTestCall *call,
         gsize index,
         gint64 fallback)
{
  g_autoptr (GVariant) arg = NULL;

  if (call->args == NULL || g_variant_n_children (call->args) <= index)
    return fallback;

  arg = g_variant_get_child_value (call->args, index);
  return g_variant_is_of_type (arg, G_VARIANT_TYPE_INT64) ? g_variant_get_int64 (arg)
                                                          : g_variant_get_int32 (arg);
}

/* FALSE: the run has been ended. Takes what @value holds in any case. */
static gboolean
push (SubiterTestCall *call,
      SubiterValue *value)
{
  GError *error = NULL;

  subiter_test_runtime_add (SUBITER_TEST_MADE);
  for (;;)
    {
      switch (subiter_run_try_push (call->run, value, &error))
        {
        case SUBITER_PUSH_DONE:
          subiter_test_runtime_add (SUBITER_TEST_PUSHED);
          return TRUE;

        case SUBITER_PUSH_FULL:
          subiter_test_runtime_add (SUBITER_TEST_PARKED);
          /* The next push says if the run is to end. */
          subiter_run_wait_for_space (call->run);
          break;

        case SUBITER_PUSH_REFUSED:
          subiter_value_clear (value);
          subiter_run_fail (call->run, error);
          return FALSE;

        case SUBITER_PUSH_STOPPED:
        default:
          subiter_value_clear (value);
          subiter_run_finish (call->run);
          return FALSE;
        }
    }
}

static gboolean
push_int (SubiterTestCall *call,
          gint64 number)
{
  SubiterValue value;

  subiter_value_init (&value);
  subiter_value_set_int64 (&value, number);

  return push (call, &value);
}

static void
iterate_range (SubiterTestCall *call)
{
  gint64 n = get_int (call, 0, 0);

  for (gint64 i = 0; i < n; i++)
    {
      if (!push_int (call, i))
        return;
    }
  subiter_run_finish (call->run);
}

static void
iterate_forever (SubiterTestCall *call)
{
  for (gint64 i = 0; push_int (call, i); i++)
    continue;
}

static void
iterate_gated (SubiterTestCall *call)
{
  gint64 n = get_int (call, 0, 0);

  for (gint64 i = 0; i < n; i++)
    {
      while (!subiter_test_runtime_take_permit ())
        {
          if (subiter_run_wait (call->run, POLL_INTERVAL))
            break;
        }
      if (!push_int (call, i))
        return;
    }
  subiter_run_finish (call->run);
}

static void
iterate_slow (SubiterTestCall *call)
{
  gint64 n = get_int (call, 0, 0);
  gint64 pause = get_int (call, 1, 1000);

  for (gint64 i = 0; i < n; i++)
    {
      subiter_run_wait (call->run, pause);
      if (!push_int (call, i))
        return;
    }
  subiter_run_finish (call->run);
}

static void
iterate_echo (SubiterTestCall *call)
{
  gsize n_args = call->args != NULL ? g_variant_n_children (call->args) : 0;

  for (gsize i = 0; i < n_args; i++)
    {
      g_autoptr (GVariant) arg = g_variant_get_child_value (call->args, i);
      SubiterValue value;

      subiter_test_value_from_variant (&value, arg);
      if (!push (call, &value))
        return;
    }
  subiter_run_finish (call->run);
}

static void
iterate_kinds (SubiterTestCall *call)
{
  g_autoptr (GVariant) all = NULL;

  all = g_variant_ref_sink (g_variant_new_parsed ("(@mv nothing, true, int64 -1, uint64 18446744073709551615, "
                                                  "0.5, 'text', b'bytes', [int16 1, 2], (1, 'a'), "
                                                  "[<1>, <'a'>], {'k': <1>})"));
  call->args = all;
  iterate_echo (call);
}

static void
iterate_wait (SubiterTestCall *call)
{
  subiter_run_wait (call->run, -1);
  subiter_run_finish (call->run);
}

static void
iterate_parting (SubiterTestCall *call)
{
  const char *text;

  g_variant_get (call->args, "(&s)", &text);
  subiter_run_wait (call->run, -1);
  subiter_run_write_output (call->run, SUBITER_STREAM_STDOUT, text, strlen (text));
  subiter_run_finish (call->run);
}

static void
await_interrupts (SubiterTestCall *call,
                  int n)
{
  gboolean is_enough = FALSE;

  while (!is_enough)
    {
      g_usleep (POLL_INTERVAL);
      subiter_lock (&call->worker->lock);
      is_enough = call->worker->n_interrupts >= n;
      subiter_unlock (&call->worker->lock);
    }
}

static void
iterate_busy (SubiterTestCall *call)
{
  await_interrupts (call, 1);
  subiter_run_finish (call->run);
}

static void
iterate_busy_raise (SubiterTestCall *call)
{
  g_autoptr (SubiterFailure) failure = NULL;

  await_interrupts (call, 1);
  failure = subiter_failure_new ("KeyboardInterrupt", "clean-up failed", NULL, NULL);
  subiter_run_fail (call->run, subiter_error_new_for_failure (SUBITER_ERROR_RAISED, failure));
}

static void
iterate_swallow (SubiterTestCall *call)
{
  await_interrupts (call, (int) get_int (call, 0, 1) + 1);
  subiter_run_finish (call->run);
}

static void
iterate_stubborn (SubiterTestCall *call)
{
  while (!subiter_test_runtime_is_released ())
    g_usleep (POLL_INTERVAL);
  subiter_run_finish (call->run);
}

static void
iterate_fail (SubiterTestCall *call)
{
  static const char *const notes[] = { "a note", NULL };
  gint64 n = get_int (call, 0, 0);
  gint64 code = get_int (call, 1, SUBITER_ERROR_RAISED);
  g_autoptr (SubiterFailure) failure = NULL;

  for (gint64 i = 0; i < n; i++)
    {
      if (!push_int (call, i))
        return;
    }

  failure = subiter_failure_new ("ValueError", "no good", "Traceback (most recent call last):\n  …\n"
                                 "ValueError: no good\n", notes);
  subiter_run_fail (call->run, subiter_error_new_for_failure ((SubiterError) code, failure));
}

static void
iterate_output (SubiterTestCall *call)
{
  SubiterStream stream = (SubiterStream) get_int (call, 0, SUBITER_STREAM_STDOUT);

  for (gsize i = 1; i < g_variant_n_children (call->args); i++)
    {
      g_autoptr (GVariant) arg = g_variant_get_child_value (call->args, i);
      const char *text;
      gsize length;

      if (g_variant_is_of_type (arg, G_VARIANT_TYPE_BYTESTRING))
        {
          text = g_variant_get_bytestring (arg);
          length = strlen (text);
        }
      else
        {
          text = g_variant_get_string (arg, &length);
        }
      subiter_run_write_output (call->run, stream, text, length);
    }
  subiter_run_finish (call->run);
}

static void
iterate_chatter (SubiterTestCall *call)
{
  gint64 n = get_int (call, 0, 0);
  SubiterStream stream = (SubiterStream) get_int (call, 1, SUBITER_STREAM_STDOUT);

  for (gint64 i = 0; i < n && !subiter_run_is_stopping (call->run); i++)
    {
      g_autofree char *line = g_strdup_printf ("line %" G_GINT64_FORMAT "\n", i);

      subiter_run_write_output (call->run, stream, line, strlen (line));
      subiter_test_runtime_add (SUBITER_TEST_MADE);
    }
  if (push_int (call, n))
    subiter_run_finish (call->run);
}

static void
iterate_log (SubiterTestCall *call)
{
  GLogLevelFlags level = (GLogLevelFlags) get_int (call, 0, G_LOG_LEVEL_MESSAGE);

  for (gsize i = 1; i < g_variant_n_children (call->args); i++)
    {
      g_autoptr (GVariant) arg = g_variant_get_child_value (call->args, i);

      subiter_run_log (call->run, level, g_variant_get_string (arg, NULL));
    }
  subiter_run_finish (call->run);
}

static void
iterate_progress (SubiterTestCall *call)
{
  gint64 n = get_int (call, 0, 1);

  for (gint64 i = 1; i <= n; i++)
    {
      g_autofree char *text = g_strdup_printf ("step %" G_GINT64_FORMAT, i);

      subiter_run_set_progress (call->run, (double) i / (double) n, text);
      if (!push_int (call, i))
        return;
    }
  subiter_run_finish (call->run);
}

static void
iterate_leave (SubiterTestCall *call)
{
  call->worker->leaves = TRUE;
}

static void
iterate_linger (SubiterTestCall *call)
{
  call->worker->lingers = TRUE;
  subiter_run_finish (call->run);
}

static void
iterate_queue (SubiterTestCall *call)
{
  call->worker->queues = TRUE;
  subiter_run_finish (call->run);
}

static void
iterate_setup (SubiterTestCall *call)
{
}

static const SubiterTestFunction functions[] = {
  { "busy", FALSE, iterate_busy },
  { "busy_raise", FALSE, iterate_busy_raise },
  { "chatter", FALSE, iterate_chatter },
  { "echo", FALSE, iterate_echo },
  { "fail", FALSE, iterate_fail },
  { "forever", FALSE, iterate_forever },
  { "gated", FALSE, iterate_gated },
  { "generator", TRUE, iterate_range },
  { "kinds", FALSE, iterate_kinds },
  { "leave", FALSE, iterate_leave },
  { "linger", FALSE, iterate_linger },
  { "log", FALSE, iterate_log },
  { "output", FALSE, iterate_output },
  { "parting", FALSE, iterate_parting },
  { "progress", FALSE, iterate_progress },
  /* Its worker waits for its turn to end, until that is permitted. */
  { "queue", FALSE, iterate_queue },
  { "range", FALSE, iterate_range },
  { "setup", FALSE, iterate_setup },
  { "slow", FALSE, iterate_slow },
  { "stubborn", FALSE, iterate_stubborn },
  /* Nobody can tell where this one sits. */
  { "stubborn_in_c", FALSE, iterate_stubborn },
  { "swallow", FALSE, iterate_swallow },
  { "wait", FALSE, iterate_wait },
};

const SubiterTestFunction *
subiter_test_function_find (SubiterCallable *callable,
                            GError **error)
{
  g_autofree char *name = subiter_callable_to_string (callable);

  if (g_strcmp0 (subiter_callable_get_module (callable), "test") == 0)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
        {
          if (strcmp (functions[i].name, subiter_callable_get_attribute (callable)) == 0)
            return &functions[i];
        }
    }

  g_set_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_FOUND, "There is no “%s” in the test runtime", name);
  return NULL;
}
