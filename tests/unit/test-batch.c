/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-batch-private.h"
#include "subiter-source-private.h"
#include "subiter-value-private.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* Items that are taken together: SubiterBatch, poll_batch () and the signal "items". */

/* (transfer full): what poll_batch () gives in the end. */
static SubiterBatch *
take_batch (SubiterSource *source,
            guint max_items,
            GError **error)
{
  SubiterBatch *batch = NULL;

  while (!subiter_source_poll_batch (source, max_items, NULL, &batch, error))
    g_assert_null (batch);

  return batch;
}

/* All that a source gives, at most @max_items at a time. */
static char *
take_all (SubiterSource *source,
          guint max_items)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SubiterBatch) batch = take_batch (source, max_items, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (subiter_batch_get_n_items (batch), <=, max_items);
      if (subiter_batch_get_n_items (batch) == 0)
        return g_strdup (text->str);
      for (guint i = 0; i < subiter_batch_get_n_items (batch); i++)
        {
          g_autoptr (GVariant) item = subiter_batch_get_item (batch, i);
          g_autofree char *printed = g_variant_print (item, TRUE);

          g_string_append_printf (text, "%s; ", printed);
        }
    }
}

/* Each way to read a value tells what is in it. */
static void
test_values (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new (
      "echo", "(@mv nothing, true, int64 -5, uint64 18446744073709551615, 0.5, 'höher', b'abc', "
              "[int16 1, 2], (int64 1, 'a'), [<int64 7>], {'k': <int64 8>})");
  g_autoptr (SubiterBatch) batch = NULL;
  g_autoptr (SubiterBatch) again = NULL;
  const SubiterValue *values;
  const SubiterValue *members;
  gsize n_members;
  guint n_values;
  gsize length;

  for (guint n = 0; n < 11; n++)
    {
      g_clear_pointer (&batch, subiter_batch_unref);
      batch = take_batch (source, 1, NULL);
      values = subiter_batch_peek_values (batch, &n_values);
      g_assert_cmpuint (n_values, ==, 1);
      g_assert_null (subiter_batch_get_item_type (batch));

      switch (subiter_value_get_kind (values))
        {
        case SUBITER_VALUE_NONE:
          g_assert_cmpuint (n, ==, 0);
          break;
        case SUBITER_VALUE_BOOLEAN:
          g_assert_true (subiter_value_get_boolean (values));
          break;
        case SUBITER_VALUE_INT64:
          g_assert_cmpint (subiter_value_get_int64 (values), ==, -5);
          break;
        case SUBITER_VALUE_UINT64:
          g_assert_cmpuint (subiter_value_get_uint64 (values), ==, G_MAXUINT64);
          break;
        case SUBITER_VALUE_DOUBLE:
          g_assert_cmpfloat (subiter_value_get_double (values), ==, 0.5);
          break;
        case SUBITER_VALUE_STRING:
          g_assert_cmpstr (subiter_value_get_string (values, &length), ==, "höher");
          g_assert_cmpuint (length, ==, 6);
          break;
        case SUBITER_VALUE_BYTES:
          g_assert_cmpuint (g_bytes_get_size (subiter_value_get_bytes (values)), ==, 4);
          break;
        case SUBITER_VALUE_ARRAY:
          g_assert_cmpint (subiter_value_get_element_type (values), ==, 'n');
          g_assert_cmpuint (g_bytes_get_size (subiter_value_get_bytes (values)), ==, 4);
          break;
        case SUBITER_VALUE_TUPLE:
          members = subiter_value_get_members (values, &n_members);
          g_assert_cmpuint (n_members, ==, 2);
          g_assert_cmpint (subiter_value_get_int64 (&members[0]), ==, 1);
          g_assert_cmpstr (subiter_value_get_string (&members[1], NULL), ==, "a");
          break;
        case SUBITER_VALUE_LIST:
          members = subiter_value_get_members (values, &n_members);
          g_assert_cmpuint (n_members, ==, 1);
          g_assert_cmpint (subiter_value_get_int64 (members), ==, 7);
          break;
        case SUBITER_VALUE_DICT:
          members = subiter_value_get_members (values, &n_members);
          g_assert_cmpuint (n_members, ==, 2);
          g_assert_cmpstr (subiter_value_get_string (&members[0], NULL), ==, "k");
          g_assert_cmpint (subiter_value_get_int64 (&members[1]), ==, 8);
          break;
        case SUBITER_VALUE_VARIANT:
        default:
          g_assert_not_reached ();
        }
    }
  g_assert_cmpuint (subiter_source_get_n_items (source), ==, 11);

  /* What is in a batch lives as long as that does. */
  again = subiter_batch_ref (batch);
  g_clear_pointer (&batch, subiter_batch_unref);
  g_clear_object (&source);
  values = subiter_batch_peek_values (again, &n_values);
  g_assert_cmpint (subiter_value_get_kind (values), ==, SUBITER_VALUE_DICT);
}

static void
test_large (void)
{
  SubiterValue value;
  SubiterValue *members;
  g_autoptr (SubiterBatch) batch = subiter_batch_new (NULL);
  g_autoptr (GVariant) item = NULL;

  subiter_value_init (&value);
  members = subiter_value_set_list (&value, 1500);
  for (gsize i = 0; i < 1500; i++)
    subiter_value_set_int64 (&members[i], (gint64) i);
  subiter_value_make_if_large (&value, NULL);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_VARIANT);
  g_assert_cmpuint (g_variant_n_children (subiter_value_get_variant (&value)), ==, 1500);

  subiter_batch_append (batch, &value);
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
  item = subiter_batch_get_item (batch, 0);
  g_assert_cmpuint (g_variant_n_children (item), ==, 1500);
}

static void
test_misuse (void)
{
  g_autoptr (SubiterBatch) batch = subiter_batch_new (NULL);
  SubiterValue value;

  subiter_test_expect_critical ("*index < batch->n_values*");
  g_assert_null (subiter_batch_get_item (batch, 0));
  g_test_assert_expected_messages ();

  subiter_value_init (&value);
  subiter_value_set_double (&value, 1.0);
  subiter_test_expect_critical ("*SUBITER_VALUE_INT64*");
  g_assert_cmpint (subiter_value_get_int64 (&value), ==, 0);
  g_test_assert_expected_messages ();
}

/* An array of all items, and of a plain C array where they have one size. */
static void
test_to_variant (void)
{
  static const struct
  {
    const char *type;
    const char *out;
  } rows[] = {
    { NULL, "[<int64 0>, <int64 1>, <int64 2>]" },
    { "v", "[<int64 0>, <int64 1>, <int64 2>]" },
    { "y", "[byte 0x00, 0x01, 0x02]" },
    { "n", "[int16 0, 1, 2]" },
    { "q", "[uint16 0, 1, 2]" },
    { "i", "[0, 1, 2]" },
    { "u", "[uint32 0, 1, 2]" },
    { "x", "[int64 0, 1, 2]" },
    { "t", "[uint64 0, 1, 2]" },
    { "d", "[0.0, 1.0, 2.0]" },
    { "mx", "[@mx 0, 1, 2]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (SubiterBatch) batch = subiter_batch_new ((const GVariantType *) rows[i].type);
      g_autoptr (GVariant) array = NULL;
      g_autoptr (GVariant) empty = subiter_batch_to_variant (batch);
      g_autofree char *text = NULL;
      SubiterValue value;

      g_assert_cmpuint (g_variant_n_children (empty), ==, 0);
      for (int number = 0; number < 3; number++)
        {
          subiter_value_init (&value);
          subiter_value_set_int64 (&value, number);
          subiter_batch_append (batch, &value);
        }
      array = subiter_batch_to_variant (batch);
      g_assert_false (g_variant_is_floating (array));
      g_assert_true (g_variant_type_equal (g_variant_get_type (array), g_variant_get_type (empty)));
      text = g_variant_print (array, TRUE);
      g_assert_cmpstr (text, ==, rows[i].out);
    }
}

/* Of containers, of what the worker has made a variant of, and of large buffers, which are shared. */
static void
test_to_variant_mixed (void)
{
  g_autoptr (SubiterBatch) batch = subiter_batch_new (NULL);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (10000), 10000);
  g_autoptr (GVariant) in = g_variant_ref_sink (g_variant_new_parsed ("(int64 1, 'a', [<true>], {'k': <0.5>})"));

  for (int round = 0; round < 3; round++)
    {
      g_autoptr (GVariant) array = NULL;
      g_autoptr (GVariant) first = NULL;
      g_autoptr (GVariant) last = NULL;
      SubiterValue *members;
      SubiterValue value;

      subiter_value_init (&value);
      if (round == 0)
        {
          subiter_test_value_from_variant (&value, in);
        }
      else if (round == 1)
        {
          members = subiter_value_set_list (&value, 1500);
          subiter_value_set_int64 (&members[1499], 3);
          subiter_value_make_if_large (&value, NULL);
        }
      else
        {
          subiter_value_take_bytes (&value, g_bytes_ref (bytes));
        }
      subiter_batch_append (batch, &value);

      array = subiter_batch_to_variant (batch);
      g_assert_cmpstr (g_variant_get_type_string (array), ==, "av");
      g_assert_cmpuint (g_variant_n_children (array), ==, round + 1);
      g_variant_get_child (array, 0, "v", &first);
      g_assert_cmpvariant (first, in);
      g_variant_get_child (array, round, "v", &last);
      if (round == 1)
        g_assert_cmpuint (g_variant_n_children (last), ==, 1500);
      if (round == 2)
        g_assert_true (g_variant_get_data (last) == g_bytes_get_data (bytes, NULL));
    }
}

static void
test_poll (void)
{
  const guint sizes[] = { 1, 2, 64, 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(100,)");
      g_autoptr (GString) expected = g_string_new (NULL);
      g_autofree char *text = NULL;

      subiter_source_set_buffer_size (source, 10);
      for (int number = 0; number < 100; number++)
        g_string_append_printf (expected, "int64 %d; ", number);
      text = take_all (source, sizes[i]);
      g_assert_cmpstr (text, ==, expected->str);
      g_assert_cmpuint (subiter_source_get_n_items (source), ==, 100);
      g_assert_cmpint (subiter_source_get_state (source), ==, SUBITER_STATE_FINISHED);
    }
}

static void
test_poll_errors (void)
{
  g_autoptr (SubiterSource) failing = subiter_test_source_new ("fail", "(0,)");
  g_autoptr (SubiterSource) waiting = subiter_test_source_new ("wait", NULL);
  g_autoptr (SubiterSource) started = subiter_test_source_new ("wait", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  SubiterBatch *batch = NULL;

  g_assert_null (take_batch (failing, 10, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_RAISED);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  g_assert_true (subiter_source_poll_batch (waiting, 10, cancellable, &batch, &error));
  g_assert_null (batch);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  subiter_source_start (started);
  g_assert_null (take_batch (started, 10, &error));
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_BUSY);
}

static void
on_unix_signal (int number)
{
}

typedef struct
{
  SubiterSource *source;
  guint n_interruptions;
  SubiterTestFlag is_polling;
  GError *error;
} Poller;

/* Polls until the iteration is over, and counts how often there was nothing. */
static gpointer
poll_main (gpointer data)
{
  Poller *poller = data;
  g_autoptr (SubiterBatch) batch = NULL;

  subiter_test_flag_set (&poller->is_polling);
  while (!subiter_source_poll_batch (poller->source, 10, NULL, &batch, &poller->error))
    g_atomic_int_inc (&poller->n_interruptions);
  g_assert_true ((batch == NULL) == (poller->error != NULL));

  return NULL;
}

static void
install_handler (void)
{
  struct sigaction action = { .sa_handler = on_unix_signal };

  g_assert_cmpint (sigaction (SIGUSR1, &action, NULL), ==, 0);
}

/* A handler of a Unix signal ends a wait, so that a binding can see to its own. */
static void
test_poll_interrupted (void)
{
#ifdef __linux__
  g_autoptr (SubiterSource) source = subiter_test_source_new ("gated", "(1,)");
  Poller poller = { .source = source };
  pthread_t thread;
  guint n_before = 0;

  install_handler ();
  g_assert_cmpint (pthread_create (&thread, NULL, poll_main, &poller), ==, 0);
  subiter_test_block_until (subiter_test_flag_is_set (&poller.is_polling));
  for (int i = 0; i < 3; i++)
    {
      /* One that comes before the wait has begun does not end it. */
      while ((guint) g_atomic_int_get (&poller.n_interruptions) == n_before)
        {
          pthread_kill (thread, SIGUSR1);
          g_thread_yield ();
        }
      n_before = (guint) g_atomic_int_get (&poller.n_interruptions);
    }
  subiter_test_runtime_permit (1);
  pthread_join (thread, NULL);
  g_assert_no_error (poller.error);
#else
  g_test_skip ("only on Linux a signal ends a wait for a condition of GLib");
#endif
}

/* However often it is interrupted: it is the worker who owes. */
static void
test_poll_timeout (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  Poller poller = { .source = source };
  pthread_t thread;

  install_handler ();
  subiter_source_set_timeout (source, 200);
  g_assert_cmpint (pthread_create (&thread, NULL, poll_main, &poller), ==, 0);
  subiter_test_block_until (subiter_test_flag_is_set (&poller.is_polling));
  while (subiter_source_get_state (source) != SUBITER_STATE_TIMED_OUT)
    {
      pthread_kill (thread, SIGUSR1);
      g_usleep (1000);
    }
  pthread_join (thread, NULL);
  g_assert_error (poller.error, SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT);
  g_clear_error (&poller.error);
}

typedef struct
{
  SubiterSource *source;
  GCancellable *cancellable;
  gboolean is_over;
} Attempt;

static gpointer
attempt_main (gpointer data)
{
  Attempt *attempt = data;
  g_autoptr (SubiterBatch) batch = NULL;
  g_autoptr (GError) error = NULL;

  attempt->is_over = subiter_source_poll_batch (attempt->source, 10, attempt->cancellable, &batch, &error);
  if (attempt->is_over)
    g_assert_true ((batch == NULL) == (error != NULL));

  return NULL;
}

static gboolean
is_owed (SubiterSource *source)
{
  gboolean is_owed;

  subiter_lock (&source->lock);
  is_owed = source->polled_since != 0;
  subiter_unlock (&source->lock);

  return is_owed;
}

/* A single call, which waits until the source is paused. */
static void
attempt_in_vain (Attempt *attempt)
{
  GThread *thread = g_thread_new ("poller", attempt_main, attempt);

  subiter_test_block_until (is_owed (attempt->source));
  subiter_source_pause (attempt->source);
  g_thread_join (thread);
  g_assert_false (attempt->is_over);
  subiter_source_resume (attempt->source);
}

/* What was waited for in vain is not held against another call, nor another iteration. */
static void
test_poll_timeout_anew (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("wait", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Attempt attempt = { .source = source, .cancellable = cancellable };

  subiter_source_set_timeout (source, G_MAXINT);

  attempt_in_vain (&attempt);
  g_assert_true (is_owed (source));
  g_cancellable_cancel (cancellable);
  attempt_main (&attempt);
  g_assert_true (attempt.is_over);
  g_assert_false (is_owed (source));

  g_cancellable_reset (cancellable);
  attempt_in_vain (&attempt);
  subiter_source_stop (source);
  attempt_main (&attempt);
  g_assert_true (attempt.is_over);
  g_assert_false (is_owed (source));

  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_STOPPED);
  subiter_source_rewind (source);
  attempt_in_vain (&attempt);
  g_assert_true (is_owed (source));
  subiter_source_stop (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_STOPPED);
  subiter_source_rewind (source);
  subiter_source_start (source);
  g_assert_false (is_owed (source));
}

/* ---- The signal */

typedef struct
{
  SubiterSource *source;
  GString *text;
  guint n_arrays;
  guint n_items;
  gint64 stop_at;
  gint64 pause_at;
} Listener;

static void
on_items (SubiterSource *source,
          GVariant *items,
          gpointer user_data)
{
  Listener *listener = user_data;
  g_autofree char *text = g_variant_print (items, FALSE);

  g_assert_cmpuint (g_variant_n_children (items), >, 0);
  g_assert_cmpuint (g_variant_n_children (items), <=, 1024);
  listener->n_arrays++;
  listener->n_items += (guint) g_variant_n_children (items);
  g_string_append (listener->text, text);
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         gpointer user_data)
{
  Listener *listener = user_data;
  gint64 number = g_variant_get_int64 (item);

  g_string_append_printf (listener->text, "%" G_GINT64_FORMAT " ", number);
  if (number == listener->stop_at)
    subiter_source_stop (source);
  if (number == listener->pause_at)
    subiter_source_pause (source);
}

static void
listener_init (Listener *listener,
               SubiterSource *source)
{
  *listener = (Listener) { .source = source, .text = g_string_new (NULL), .stop_at = -1, .pause_at = -1 };
  g_signal_connect (source, "items", G_CALLBACK (on_items), listener);
}

static void
listener_clear (Listener *listener)
{
  g_signal_handlers_disconnect_by_data (listener->source, listener);
  g_string_free (listener->text, TRUE);
}

static void
test_items (void)
{
  const char *const types[] = { NULL, "x", "d", "v" };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(3000,)");
      Listener listener;

      listener_init (&listener, source);
      subiter_source_set_buffer_size (source, 4096);
      subiter_source_set_item_type (source, (const GVariantType *) types[i]);
      subiter_source_start (source);
      subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
      g_assert_cmpuint (listener.n_items, ==, 3000);
      g_assert_cmpuint (listener.n_arrays, >=, 3);
      g_assert_cmpuint (subiter_source_get_n_items (source), ==, 3000);
      listener_clear (&listener);
    }
}

/* The array comes after those of its items that come one by one. */
static void
test_items_and_item (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("echo", "(int64 0, int64 1, int64 2)");
  Listener listener;

  listener_init (&listener, source);
  g_signal_connect (source, "item", G_CALLBACK (on_item), &listener);
  subiter_source_set_item_type (source, G_VARIANT_TYPE_INT64);
  subiter_source_pause (source);
  subiter_source_start (source);
  subiter_source_pause (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 3);
  subiter_source_resume (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
  g_assert_cmpstr (listener.text->str, ==, "0 1 2 [0, 1, 2]");
  listener_clear (&listener);
}

static void
test_items_stop (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(10,)");
  Listener listener;

  listener_init (&listener, source);
  listener.stop_at = 1;
  g_signal_connect (source, "item", G_CALLBACK (on_item), &listener);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_STOPPED);
  /* The first one may have come alone. */
  if (g_str_has_prefix (listener.text->str, "0 ["))
    g_assert_cmpstr (listener.text->str, ==, "0 [<int64 0>]1 ");
  else
    g_assert_cmpstr (listener.text->str, ==, "0 1 ");
  listener_clear (&listener);
}

static void
test_items_pause (void)
{
  g_autoptr (SubiterSource) source = subiter_test_source_new ("range", "(4,)");
  Listener listener;

  listener_init (&listener, source);
  listener.pause_at = 2;
  g_signal_connect (source, "item", G_CALLBACK (on_item), &listener);
  subiter_source_set_item_type (source, G_VARIANT_TYPE_INT64);
  subiter_source_start (source);
  subiter_source_pause (source);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 4);
  subiter_source_resume (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_PAUSED);
  g_assert_cmpstr (listener.text->str, ==, "0 1 2 [0, 1, 2]");
  subiter_source_resume (source);
  subiter_test_wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
  g_assert_cmpstr (listener.text->str, ==, "0 1 2 [0, 1, 2]3 [3]");
  listener_clear (&listener);
}

static void
on_items_drop (SubiterSource *source,
               GVariant *items,
               gpointer user_data)
{
  SubiterSource **slot = user_data;

  g_clear_object (slot);
}

/* The last reference goes in a handler. */
static void
test_items_drop (void)
{
  SubiterSource *source = subiter_test_source_new ("forever", NULL);

  g_object_add_weak_pointer (G_OBJECT (source), (gpointer *) &source);
  {
    SubiterSource *slot = source;

    g_signal_connect (source, "items", G_CALLBACK (on_items_drop), &slot);
    subiter_source_start (source);
    subiter_test_wait_for (source == NULL);
  }
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/batch/values", test_values);
  subiter_test_add ("/batch/large", test_large);
  subiter_test_add ("/batch/misuse", test_misuse);
  subiter_test_add ("/batch/to-variant", test_to_variant);
  subiter_test_add ("/batch/to-variant-mixed", test_to_variant_mixed);
  subiter_test_add ("/batch/poll", test_poll);
  subiter_test_add ("/batch/poll-errors", test_poll_errors);
  subiter_test_add ("/batch/poll-interrupted", test_poll_interrupted);
  subiter_test_add ("/batch/poll-timeout", test_poll_timeout);
  subiter_test_add ("/batch/poll-timeout-anew", test_poll_timeout_anew);
  subiter_test_add ("/batch/items", test_items);
  subiter_test_add ("/batch/items-and-item", test_items_and_item);
  subiter_test_add ("/batch/items-stop", test_items_stop);
  subiter_test_add ("/batch/items-pause", test_items_pause);
  subiter_test_add ("/batch/items-drop", test_items_drop);

  return subiter_test_run ();
}
