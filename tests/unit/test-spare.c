/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-worker-private.h"

static SubiterRuntime *
look_up (const char *name)
{
  SubiterRuntime *runtime;
  GError *error = NULL;

  runtime = subiter_runtime_lookup (name, &error);
  g_assert_no_error (error);

  return runtime;
}

/* A worker counts from when it is wanted until it has ended. */
static guint
count_workers (void)
{
  g_autoptr (GPtrArray) ports = subiter_worker_list_ports ();

  return ports->len;
}

static int
count (SubiterTestCount what)
{
  return subiter_test_runtime_count (what);
}

typedef struct
{
  GError *error;
  gboolean is_done;
} Answer;

static void
on_answer (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  g_autoptr (GVariant) value = NULL;
  Answer *answer = user_data;

  value = subiter_interpreter_call_finish (SUBITER_INTERPRETER (object), result, &answer->error);
  g_assert_true ((value == NULL) == (answer->error != NULL));
  answer->is_done = TRUE;
}

static void
call (SubiterInterpreter *interpreter,
      Answer *answer)
{
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new ("echo", "(true,)");

  subiter_interpreter_call_async (interpreter, callable, NULL, on_answer, answer);
}

static void
call_and_wait (SubiterInterpreter *interpreter)
{
  Answer answer = { NULL, FALSE };

  call (interpreter, &answer);
  subiter_test_wait_for (answer.is_done);
  g_assert_no_error (answer.error);
}

static void
on_notify (GObject *object,
           GParamSpec *pspec,
           guint *n_notifications)
{
  (*n_notifications)++;
}

static void
test_property (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test");
  guint n_notifications = 0;
  guint n_spares = 7;
  gulong id;

  g_object_get (runtime, "n-spares", &n_spares, NULL);
  g_assert_cmpuint (n_spares, ==, 0);
  g_assert_cmpuint (count_workers (), ==, 0);

  id = g_signal_connect (runtime, "notify::n-spares", G_CALLBACK (on_notify), &n_notifications);
  g_object_set (runtime, "n-spares", 1, NULL);
  g_assert_cmpuint (subiter_runtime_get_n_spares (runtime), ==, 1);
  g_assert_cmpuint (count_workers (), ==, 1);
  subiter_runtime_set_n_spares (runtime, 1);
  g_assert_cmpuint (n_notifications, ==, 1);
  subiter_runtime_set_n_spares (runtime, 0);
  g_assert_cmpuint (n_notifications, ==, 2);
  g_signal_handler_disconnect (runtime, id);
  subiter_test_wait_for (count_workers () == 0);
}

/* It need not be one that is found by name. */
static void
test_nameless (void)
{
  g_autoptr (SubiterRuntime) runtime = g_object_new (SUBITER_TEST_TYPE_RUNTIME, NULL);

  g_assert_cmpuint (subiter_runtime_get_n_spares (runtime), ==, 0);
  subiter_test_expect_critical ("*subiter_runtime_get_name*");
  subiter_runtime_set_n_spares (runtime, 1);
  g_test_assert_expected_messages ();
}

/* One after the other, and as many as are wanted. */
static void
test_made (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test");

  subiter_runtime_set_n_spares (runtime, 5);
  subiter_test_wait_for (count (SUBITER_TEST_READY) == 5);
  g_assert_cmpint (subiter_test_runtime_get_most_starting (), ==, 1);
  g_assert_cmpuint (count_workers (), ==, 5);

  subiter_runtime_set_n_spares (runtime, 2);
  subiter_test_wait_for (count_workers () == 2);
  subiter_runtime_set_n_spares (runtime, 3);
  subiter_test_wait_for (count (SUBITER_TEST_READY) == 6);
  subiter_runtime_set_n_spares (runtime, 0);
  subiter_test_wait_for (count_workers () == 0);
  g_assert_cmpint (count (SUBITER_TEST_LEFT), ==, 6);
}

static void
test_taken (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test");
  g_autoptr (SubiterInterpreter) interpreter = NULL;
  Answer answer = { NULL, FALSE };

  subiter_runtime_set_n_spares (runtime, 1);
  subiter_test_wait_for (count (SUBITER_TEST_READY) == 1);

  /* No other may start, and it is answered. */
  subiter_test_runtime_hold (TRUE);
  interpreter = subiter_interpreter_new ("test");
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_IDLE);
  call (interpreter, &answer);
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_LIVE);
  subiter_test_wait_for (answer.is_done);
  g_assert_no_error (answer.error);

  /* There is another in its place, and this one belongs to its interpreter. */
  subiter_test_runtime_hold (FALSE);
  subiter_test_wait_for (count (SUBITER_TEST_READY) == 2);
  call_and_wait (interpreter);
  g_assert_cmpuint (count_workers (), ==, 2);
  subiter_runtime_set_n_spares (runtime, 0);
  subiter_test_wait_for (count_workers () == 1);
  call_and_wait (interpreter);
  g_assert_cmpint (count (SUBITER_TEST_ENTERED), ==, 2);
}

/* Who wants one gets the one that is being made. */
static void
test_taken_early (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test");
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterInterpreter) other = subiter_interpreter_new ("test");
  Answer answer = { NULL, FALSE };
  Answer other_answer = { NULL, FALSE };

  subiter_test_runtime_hold (TRUE);
  subiter_runtime_set_n_spares (runtime, 1);
  g_assert_cmpuint (count_workers (), ==, 1);
  call (interpreter, &answer);
  g_assert_cmpuint (count_workers (), ==, 1);
  call (other, &other_answer);
  g_assert_cmpuint (count_workers (), ==, 2);

  subiter_test_runtime_hold (FALSE);
  subiter_test_wait_for (answer.is_done && other_answer.is_done);
  g_assert_no_error (answer.error);
  g_assert_no_error (other_answer.error);
  subiter_test_wait_for (count (SUBITER_TEST_READY) == 3);
  subiter_runtime_set_n_spares (runtime, 0);
}

/* While one starts that is wanted, none does that is not. */
static void
test_wanted_first (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test");
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  Answer answer = { NULL, FALSE };

  subiter_test_runtime_hold (TRUE);
  call (interpreter, &answer);
  subiter_runtime_set_n_spares (runtime, 2);
  g_assert_cmpuint (count_workers (), ==, 1);
  subiter_test_runtime_hold (FALSE);
  subiter_test_wait_for (answer.is_done && count (SUBITER_TEST_READY) == 3);
  g_assert_no_error (answer.error);
  g_assert_cmpint (subiter_test_runtime_get_most_starting (), ==, 1);
  subiter_runtime_set_n_spares (runtime, 0);
}

/* What cannot be made is not tried again and again. */
static void
test_broken (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test-broken");
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test-broken");
  Answer answer = { NULL, FALSE };

  subiter_runtime_set_n_spares (runtime, 3);
  subiter_test_wait_for (count_workers () == 0);
  call (interpreter, &answer);
  subiter_test_wait_for (answer.is_done);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER);
  g_clear_error (&answer.error);
  subiter_test_wait_for (count_workers () == 0);
  g_assert_cmpint (count (SUBITER_TEST_BROKEN), ==, 2);
  subiter_runtime_set_n_spares (runtime, 0);
}

static gpointer
set_often (gpointer data)
{
  for (guint i = 0; i < 200; i++)
    subiter_runtime_set_n_spares (data, i % 4);
  subiter_test_unref (data);

  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test");
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("setter", set_often, g_object_ref (runtime));
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");

      call_and_wait (interpreter);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  /* All of that goes on to work. */
  subiter_runtime_set_n_spares (runtime, 2);
  subiter_test_wait_for (count_workers () == 2);
  subiter_runtime_set_n_spares (runtime, 0);
}

/* The last one: nothing is made after it. */
static void
test_shutdown (void)
{
  g_autoptr (SubiterRuntime) runtime = look_up ("test");

  subiter_runtime_set_n_spares (runtime, 2);
  subiter_test_wait_for (count (SUBITER_TEST_READY) == 2);
  g_assert_true (subiter_shutdown (60000));
  g_assert_cmpuint (count_workers (), ==, 0);
  subiter_runtime_set_n_spares (runtime, 3);
  g_assert_cmpuint (count_workers (), ==, 0);
  g_assert_cmpint (count (SUBITER_TEST_LEFT), ==, 2);
}

int
main (int argc,
      char *argv[])
{
  subiter_test_init (&argc, &argv);

  subiter_test_add ("/spare/property", test_property);
  subiter_test_add ("/spare/nameless", test_nameless);
  subiter_test_add ("/spare/made", test_made);
  subiter_test_add ("/spare/taken", test_taken);
  subiter_test_add ("/spare/taken-early", test_taken_early);
  subiter_test_add ("/spare/wanted-first", test_wanted_first);
  subiter_test_add ("/spare/broken", test_broken);
  subiter_test_add ("/spare/threads", test_threads);
  subiter_test_add ("/spare/shutdown", test_shutdown);

  return subiter_test_run ();
}
