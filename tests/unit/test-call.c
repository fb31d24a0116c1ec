/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

/* What became of a call. */
typedef struct
{
  GVariant *value;
  GError *error;
  /* how many were answered before it, of those that share @n_answers */
  guint place;
  guint *n_answers;
  gboolean is_done;
  GThread *thread;
} Answer;

static void
on_answer (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Answer *answer = user_data;

  g_assert_false (answer->is_done);
  answer->value = subiter_interpreter_call_finish (SUBITER_INTERPRETER (object), result, &answer->error);
  g_assert_true ((answer->value == NULL) == (answer->error != NULL));
  if (answer->n_answers != NULL)
    answer->place = (*answer->n_answers)++;
  answer->thread = g_thread_self ();
  answer->is_done = TRUE;
}

static void
answer_clear (Answer *answer)
{
  g_clear_pointer (&answer->value, g_variant_unref);
  g_clear_error (&answer->error);
  answer->is_done = FALSE;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static void
call (SubiterInterpreter *interpreter,
      const char *function,
      const char *args,
      GCancellable *cancellable,
      Answer *answer)
{
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new (function, args);

  subiter_interpreter_call_async (interpreter, callable, cancellable, on_answer, answer);
}

static void
call_and_wait (SubiterInterpreter *interpreter,
               const char *function,
               const char *args,
               Answer *answer)
{
  call (interpreter, function, args, NULL, answer);
  subiter_test_wait_for (answer->is_done);
}

static void
assert_value (Answer *answer,
              const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_no_error (answer->error);
  text = g_variant_print (answer->value, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  GError *error = NULL;

  g_assert_true (subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &error));
  g_assert_no_error (error);
  (*(int *) user_data)++;
}

static void
test_values (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  const char *const values[][2] = {
    { "(int64 42,)", "42" },
    { "(@mv nothing,)", "nothing" },
    { "('text',)", "'text'" },
    { "((int64 1, 'a'),)", "(1, 'a')" },
    { "([<int64 1>, <'a'>],)", "[<int64 1>, <'a'>]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_auto (Answer) answer = { 0 };

      call_and_wait (interpreter, "echo", values[i][0], &answer);
      assert_value (&answer, values[i][1]);
      g_assert_true (answer.thread == g_thread_self ());
      g_assert_false (g_variant_is_floating (answer.value));
    }
  /* One worker for all of them. */
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 1);
}

static void
test_order (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autofree Answer *answers = g_new0 (Answer, 500);
  guint n_answers = 0;

  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *args = g_strdup_printf ("(int64 %u,)", i);

      answers[i].n_answers = &n_answers;
      call (interpreter, "echo", args, NULL, &answers[i]);
    }
  subiter_test_wait_for (n_answers == 500);
  for (guint i = 0; i < 500; i++)
    {
      g_assert_cmpuint (answers[i].place, ==, i);
      g_assert_cmpint (g_variant_get_int64 (answers[i].value), ==, i);
      answer_clear (&answers[i]);
    }
}

static void
test_errors (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterInterpreter) broken = subiter_interpreter_new ("test-broken");
  g_autoptr (SubiterInterpreter) unknown = subiter_interpreter_new ("unknown");
  g_auto (Answer) answer = { 0 };
  SubiterFailure *failure;

  call_and_wait (interpreter, "fail", NULL, &answer);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_RAISED);
  failure = subiter_failure_from_error (answer.error);
  g_assert_nonnull (failure);
  g_assert_cmpstr (subiter_failure_get_exception_type (failure), ==, "ValueError");
  answer_clear (&answer);

  call_and_wait (interpreter, "no_such_function", NULL, &answer);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_NOT_FOUND);
  answer_clear (&answer);

  /* It pushes nothing. */
  call_and_wait (interpreter, "range", "(0,)", &answer);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME);
  answer_clear (&answer);

  call_and_wait (broken, "echo", "(1,)", &answer);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_INTERPRETER);
  answer_clear (&answer);

  call_and_wait (unknown, "echo", "(1,)", &answer);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME);
  answer_clear (&answer);

  /* Its worker leaves in the middle of it, and the next call gets another. */
  call_and_wait (interpreter, "leave", NULL, &answer);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_RUNTIME);
  answer_clear (&answer);

  call_and_wait (interpreter, "echo", "(true,)", &answer);
  assert_value (&answer, "true");
}

static void
test_cancelled_before (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Answer) answer = { 0 };

  g_cancellable_cancel (cancellable);
  call (interpreter, "echo", "(1,)", cancellable, &answer);
  g_assert_false (answer.is_done);
  subiter_test_wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 0);
}

/* One that has not begun never does, and those behind it do. */
static void
test_cancelled_unbegun (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (GCancellable) of_first = g_cancellable_new ();
  g_autoptr (GCancellable) of_second = g_cancellable_new ();
  g_auto (Answer) first = { 0 };
  g_auto (Answer) second = { 0 };
  g_auto (Answer) third = { 0 };

  call (interpreter, "wait", NULL, of_first, &first);
  call (interpreter, "kinds", NULL, of_second, &second);
  call (interpreter, "echo", "(true,)", NULL, &third);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_CALLS) == 1);

  g_cancellable_cancel (of_second);
  subiter_test_wait_for (second.is_done);
  g_assert_error (second.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (first.is_done);

  g_cancellable_cancel (of_first);
  subiter_test_wait_for (first.is_done && third.is_done);
  g_assert_error (first.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_value (&third, "true");
  subiter_test_assert_trace ("enter call:wait call:echo");
}

/* The answer comes at once, and the code is interrupted meanwhile. */
static void
test_cancelled_running (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Answer) answer = { 0 };
  g_auto (Answer) next = { 0 };

  call (interpreter, "busy", NULL, cancellable, &answer);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_CALLS) == 1);
  g_cancellable_cancel (cancellable);
  subiter_test_wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  call_and_wait (interpreter, "echo", "(true,)", &next);
  assert_value (&next, "true");
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_INTERRUPTS), >=, 1);
}

/* A call that has returned was not cancelled. */
static void
test_cancelled_after (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Answer) answer = { 0 };

  call (interpreter, "echo", "(true,)", cancellable, &answer);
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == 1
                            && !subiter_interpreter_get_running (interpreter));
  g_cancellable_cancel (cancellable);
  subiter_test_wait_for (answer.is_done);
  assert_value (&answer, "true");
}

static void
test_close (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_auto (Answer) running = { 0 };
  g_auto (Answer) queued = { 0 };
  g_auto (Answer) late = { 0 };
  int n_closed = 0;

  call (interpreter, "busy_raise", NULL, NULL, &running);
  call (interpreter, "echo", "(1,)", NULL, &queued);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_CALLS) == 1);

  subiter_interpreter_close_async (interpreter, NULL, on_closed, &n_closed);
  call (interpreter, "echo", "(1,)", NULL, &late);
  subiter_test_wait_for (running.is_done && queued.is_done && late.is_done);
  g_assert_error (running.error, SUBITER_ERROR, SUBITER_ERROR_CLOSED);
  g_assert_error (queued.error, SUBITER_ERROR, SUBITER_ERROR_CLOSED);
  g_assert_error (late.error, SUBITER_ERROR, SUBITER_ERROR_CLOSED);
  subiter_test_wait_for (n_closed == 1);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_CALLS), ==, 1);
}

/* What waits behind code that is given up goes to the next worker, in order. */
static void
test_abandoned (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterSource) source = subiter_test_source_new_on (interpreter, "stubborn", NULL);
  guint n_answers = 0;
  g_auto (Answer) first = { .n_answers = &n_answers };
  g_auto (Answer) second = { .n_answers = &n_answers };

  subiter_source_set_grace_period (source, 10);
  subiter_source_start (source);
  subiter_test_wait_for (subiter_test_runtime_count (SUBITER_TEST_ITERATIONS) == 1);
  call (interpreter, "echo", "(int64 1,)", NULL, &first);
  call (interpreter, "echo", "(int64 2,)", NULL, &second);

  g_test_expect_message ("Subiter", G_LOG_LEVEL_WARNING, "*was given up*");
  subiter_source_stop (source);
  subiter_test_wait_for (n_answers == 2);
  g_test_assert_expected_messages ();
  assert_value (&first, "1");
  assert_value (&second, "2");
  g_assert_cmpuint (first.place, ==, 0);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 2);
}

static void
test_log (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_auto (Answer) answer = { 0 };

  g_test_expect_message ("Subiter", G_LOG_LEVEL_MESSAGE, "from a call");
  call_and_wait (interpreter, "log", "(int64 32, 'from a call')", &answer);
  g_test_assert_expected_messages ();
}

/* A lot of it, which the code may have to wait with until it is read. */
static void
test_log_while_running (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr (GString) args = g_string_new ("(int64 32");
  g_auto (Answer) answer = { 0 };

  for (guint i = 0; i < 20; i++)
    {
      g_string_append_printf (args, ", '%s'", text);
      g_test_expect_message ("Subiter", G_LOG_LEVEL_MESSAGE, "xxx*");
    }
  g_string_append (args, ")");
  call_and_wait (interpreter, "log", args->str, &answer);
  g_test_assert_expected_messages ();
}

static void
on_outer (GObject *object,
          GAsyncResult *result,
          gpointer user_data)
{
  g_auto (Answer) inner = { 0 };

  on_answer (object, result, user_data);
  call_and_wait (SUBITER_INTERPRETER (object), "echo", "(int64 2,)", &inner);
  assert_value (&inner, "2");
}

typedef struct
{
  SubiterInterpreter *interpreter;
  Answer first;
  Answer second;
  guint n_answers;
} Turns;

static void
block_until_returned (SubiterInterpreter *interpreter,
                      int n)
{
  subiter_test_block_until (subiter_test_runtime_count (SUBITER_TEST_PUSHED) == n
                            && !subiter_interpreter_get_running (interpreter));
}

static gboolean
let_second_return (gpointer user_data)
{
  Turns *turns = user_data;

  subiter_test_runtime_permit (1);
  block_until_returned (turns->interpreter, 2);

  return G_SOURCE_REMOVE;
}

static void
attach_idle (GSourceFunc func,
             int priority,
             Turns *turns)
{
  GSource *source = g_idle_source_new ();
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, turns, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
}

static gboolean
call_twice (gpointer user_data)
{
  Turns *turns = user_data;

  call (turns->interpreter, "echo", "(true,)", NULL, &turns->first);
  block_until_returned (turns->interpreter, 1);
  call (turns->interpreter, "gated", "(1,)", NULL, &turns->second);
  attach_idle (let_second_return, G_PRIORITY_HIGH, turns);

  return G_SOURCE_REMOVE;
}

/* The first is answered in the turn of the main context in which it is made, so that GLib
 * puts it off, and the second in the next but one, in which GLib would not. */
static void
test_order_of_turns (void)
{
  g_autoptr (SubiterInterpreter) interpreter = NULL;
  Turns turns = { .n_answers = 0 };

  turns.first.n_answers = &turns.n_answers;
  turns.second.n_answers = &turns.n_answers;
  /* Attached before the interpreter's own source, which is ready in its first turn. */
  attach_idle (call_twice, G_PRIORITY_DEFAULT, &turns);
  interpreter = subiter_interpreter_new ("test");
  turns.interpreter = interpreter;
  subiter_test_wait_for (turns.n_answers == 2);
  g_assert_cmpuint (turns.first.place, ==, 0);
  answer_clear (&turns.first);
  answer_clear (&turns.second);
}

/* Who is called may iterate the main context and wait for another call there. */
static void
test_nested (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_autoptr (SubiterCallable) callable = subiter_test_callable_new ("echo", "(int64 1,)");
  g_auto (Answer) outer = { 0 };
  g_auto (Answer) other = { 0 };

  subiter_interpreter_call_async (interpreter, callable, NULL, on_outer, &outer);
  call (interpreter, "echo", "(int64 3,)", NULL, &other);
  subiter_test_wait_for (outer.is_done && other.is_done);
  assert_value (&outer, "1");
  assert_value (&other, "3");
}

/* The interpreter is there until the answer is. */
static void
test_unref (void)
{
  SubiterInterpreter *interpreter = subiter_interpreter_new ("test");
  g_auto (Answer) answer = { 0 };

  call (interpreter, "slow", "(1, 1000)", NULL, &answer);
  g_object_add_weak_pointer (G_OBJECT (interpreter), (gpointer *) &interpreter);
  subiter_test_unref (interpreter);
  subiter_test_wait_for (answer.is_done);
  assert_value (&answer, "0");
  subiter_test_wait_for (interpreter == NULL);
}

static void
test_dispose (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  g_auto (Answer) answer = { 0 };

  call (interpreter, "wait", NULL, NULL, &answer);
  g_object_run_dispose (G_OBJECT (interpreter));
  subiter_test_wait_for (answer.is_done);
  g_assert_error (answer.error, SUBITER_ERROR, SUBITER_ERROR_CLOSED);
}

typedef struct
{
  SubiterInterpreter *interpreter;
  int first;
} Caller;

static _Atomic int n_callers;

static gpointer
caller_main (gpointer data)
{
  Caller *caller = data;
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (int i = caller->first; i < caller->first + 100; i++)
    {
      g_autofree char *args = g_strdup_printf ("(int64 %d,)", i);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (Answer) answer = { 0 };

      call (caller->interpreter, "echo", args, cancellable, &answer);
      if (i % 7 == 0)
        g_cancellable_cancel (cancellable);
      subiter_test_wait_for (answer.is_done);
      g_assert_true (answer.thread == g_thread_self ());
      if (answer.error == NULL)
        g_assert_cmpint (g_variant_get_int64 (answer.value), ==, i);
      else
        g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_true (answer.error == NULL || i % 7 == 0);
    }
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  subiter_test_unref (caller->interpreter);
  atomic_fetch_sub (&n_callers, 1);

  return NULL;
}

/* Each gets its answers in its own main context. */
static void
test_threads (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new ("test");
  Caller callers[3];
  GThread *threads[3];

  atomic_store (&n_callers, G_N_ELEMENTS (callers));
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      callers[i].interpreter = g_object_ref (interpreter);
      callers[i].first = (int) i * 1000;
      threads[i] = g_thread_new ("caller", caller_main, &callers[i]);
    }
  subiter_test_wait_for (atomic_load (&n_callers) == 0);
  for (guint i = 0; i < G_N_ELEMENTS (callers); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), ==, 1);
}

int
main (int argc,
      char *argv[])
{
  subiter_test_init (&argc, &argv);

  subiter_test_add ("/call/values", test_values);
  subiter_test_add ("/call/order", test_order);
  subiter_test_add ("/call/order-of-turns", test_order_of_turns);
  subiter_test_add ("/call/errors", test_errors);
  subiter_test_add ("/call/cancelled/before", test_cancelled_before);
  subiter_test_add ("/call/cancelled/unbegun", test_cancelled_unbegun);
  subiter_test_add ("/call/cancelled/running", test_cancelled_running);
  subiter_test_add ("/call/cancelled/after", test_cancelled_after);
  subiter_test_add ("/call/close", test_close);
  subiter_test_add ("/call/abandoned", test_abandoned);
  subiter_test_add ("/call/log", test_log);
  subiter_test_add ("/call/log-while-running", test_log_while_running);
  subiter_test_add ("/call/nested", test_nested);
  subiter_test_add ("/call/unref", test_unref);
  subiter_test_add ("/call/dispose", test_dispose);
  subiter_test_add ("/call/threads", test_threads);

  return subiter_test_run ();
}
