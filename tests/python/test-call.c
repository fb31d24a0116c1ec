/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <subiter.h>

/* Calls of a real Python, and workers of one that are ready before they are wanted. */

/* How long nothing takes, in s. */
#define FAILSAFE 90
/* More than are remembered. */
#define MANY 100

static gboolean
give_up (gpointer user_data)
{
  g_error ("%s: nothing more has happened for %d s", (const char *) user_data, FAILSAFE);
}

static gboolean
look_again (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* The condition may be one that comes without anything in the main context. */
#define wait_for(condition) \
  G_STMT_START \
  { \
    guint failsafe_ = g_timeout_add_seconds (FAILSAFE, give_up, (gpointer) G_STRLOC); \
    guint tick_ = g_timeout_add (5, look_again, NULL); \
    while (!(condition)) \
      g_main_context_iteration (NULL, TRUE); \
    g_source_remove (tick_); \
    g_source_remove (failsafe_); \
  } \
  G_STMT_END

typedef struct
{
  GVariant *value;
  GError *error;
  gboolean is_done;
} Answer;

static void
on_answer (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Answer *answer = user_data;

  answer->value = subiter_interpreter_call_finish (SUBITER_INTERPRETER (object), result, &answer->error);
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
call_and_wait (SubiterInterpreter *interpreter,
               SubiterCallable *callable,
               Answer *answer)
{
  answer_clear (answer);
  subiter_interpreter_call_async (interpreter, callable, NULL, on_answer, answer);
  wait_for (answer->is_done);
}

/* A function of source code. */
static SubiterCallable *
code_new (const char *code)
{
  SubiterCallable *callable;
  GError *error = NULL;

  callable = subiter_callable_new_for_source_code (code, "f", &error);
  g_assert_no_error (error);

  return callable;
}

static SubiterCallable *
bind (SubiterCallable *callable,
      GVariant *args)
{
  SubiterCallable *bound;
  GError *error = NULL;

  bound = subiter_callable_bind (callable, args, NULL, &error);
  g_assert_no_error (error);

  return bound;
}

static void
assert_value (const Answer *answer,
              const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_no_error (answer->error);
  text = g_variant_print (answer->value, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_code (SubiterInterpreter *interpreter,
             const char *code,
             const char *expected)
{
  g_autoptr (SubiterCallable) callable = code_new (code);
  g_auto (Answer) answer = { NULL, NULL, FALSE };

  call_and_wait (interpreter, callable, &answer);
  assert_value (&answer, expected);
}

static guint
count_alive (void)
{
  guint n_threads = 0;
  const char *name;
  GDir *tasks = g_dir_open ("/proc/self/task", 0, NULL);

  while (tasks != NULL && (name = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL) && g_str_has_prefix (text, "subiter-")
          && g_ascii_isdigit (text[8]))
        n_threads++;
    }
  g_clear_pointer (&tasks, g_dir_close);

  return n_threads;
}

static void
test_values (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
  g_autoptr (SubiterCallable) builtin = subiter_callable_new_for_entry_point ("builtins:abs", NULL);
  g_autoptr (SubiterCallable) bound = bind (builtin, g_variant_new ("(x)", (gint64) -5));
  g_auto (Answer) answer = { NULL, NULL, FALSE };

  for (guint i = 0; i < 3; i++)
    {
      call_and_wait (interpreter, bound, &answer);
      assert_value (&answer, "5");
    }
  assert_code (interpreter, "f = lambda: None", "nothing");
  assert_code (interpreter, "f = lambda: (1, 'ä', 0.5)", "(1, 'ä', 0.5)");
  assert_code (interpreter, "f = lambda: {'k': b'v'}", "{'k': <[byte 0x76]>}");
  /* It is no iteration. */
  assert_code (interpreter, "f = lambda: [True]", "[<true>]");
}

static void
assert_error (SubiterInterpreter *interpreter,
              const char *code,
              SubiterError expected,
              const char *exception)
{
  g_autoptr (SubiterCallable) callable = code_new (code);
  g_auto (Answer) answer = { NULL, NULL, FALSE };
  SubiterFailure *failure;

  call_and_wait (interpreter, callable, &answer);
  g_assert_error (answer.error, SUBITER_ERROR, (int) expected);
  failure = subiter_failure_from_error (answer.error);
  g_assert_cmpstr (failure != NULL ? subiter_failure_get_exception_type (failure) : NULL, ==, exception);
}

static void
test_errors (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);

  assert_error (interpreter, "def f(): 1 / 0", SUBITER_ERROR_RAISED, "ZeroDivisionError");
  assert_error (interpreter, "def f(): raise SystemExit", SUBITER_ERROR_RAISED, "SystemExit");
  assert_error (interpreter, "g = 1", SUBITER_ERROR_NOT_FOUND, "AttributeError");
  assert_error (interpreter, "f = 1", SUBITER_ERROR_NOT_CALLABLE, NULL);
  assert_error (interpreter, "f = object", SUBITER_ERROR_NOT_SHAREABLE, NULL);
  assert_error (interpreter, "f = lambda: [object ()]", SUBITER_ERROR_NOT_SHAREABLE, NULL);
  assert_code (interpreter, "f = lambda: 'still there'", "'still there'");
}

static void
test_resolved_once (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
  g_autoptr (SubiterCallable) callable = NULL;
  g_auto (Answer) answer = { NULL, NULL, FALSE };

  callable = code_new ("n = 0\n"
                       "def __getattr__(name):\n"
                       "    global n\n"
                       "    n += 1\n"
                       "    return lambda *args: n\n");
  for (guint i = 0; i < 3; i++)
    {
      call_and_wait (interpreter, callable, &answer);
      assert_value (&answer, "1");
    }

  /* As many as there may be, not for ever. */
  for (gint64 i = 0; i < MANY; i++)
    {
      g_autoptr (SubiterCallable) bound = bind (callable, g_variant_new ("(x)", i));

      call_and_wait (interpreter, bound, &answer);
    }
  call_and_wait (interpreter, callable, &answer);
  g_assert_cmpint (g_variant_get_int64 (answer.value), ==, MANY + 2);
}

/* Code that does not end is interrupted, and the next call is none of its business. */
static void
test_cancelled (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
  g_autoptr (SubiterCallable) callable = code_new ("def f():\n    while True: pass\n");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Answer) answer = { NULL, NULL, FALSE };

  subiter_interpreter_call_async (interpreter, callable, cancellable, on_answer, &answer);
  wait_for (subiter_interpreter_get_running (interpreter));
  g_cancellable_cancel (cancellable);
  wait_for (answer.is_done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_code (interpreter, "f = lambda: 'next'", "'next'");
}

/* A source and calls share what is in the interpreter. */
static void
test_shared (void)
{
  g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterSource) source = NULL;

  callable = code_new ("import builtins\ndef f():\n    builtins.shared = 7\n    yield 1\n");
  source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "interpreter", interpreter, NULL);
  subiter_source_start (source);
  assert_code (interpreter, "f = lambda: shared", "7");
  wait_for (subiter_source_get_state (source) == SUBITER_STATE_FINISHED);
}

static SubiterRuntime *
look_up (void)
{
  SubiterRuntime *runtime;
  GError *error = NULL;

  runtime = subiter_runtime_lookup ("subinterpreter", &error);
  g_assert_no_error (error);

  return runtime;
}

/* Nothing tells code that its interpreter has waited for it. */
static void
test_spare (void)
{
  static const char code[] =
      "import os, sys, threading\n"
      "def f():\n"
      "    before = os.environ.get('SPARE_BEFORE')\n"
      "    after = os.environ.get('SPARE_AFTER')\n"
      "    with open('/proc/thread-self/comm') as file: name = file.read()\n"
      "    return (before, after, sys.argv, name.startswith('subiter-'), sys.path, sorted(sys.modules))\n";
  g_autoptr (SubiterCallable) callable = code_new (code);
  g_autoptr (SubiterRuntime) runtime = look_up ();
  g_auto (Answer) plain = { NULL, NULL, FALSE };
  g_auto (Answer) answer = { NULL, NULL, FALSE };

  /* Those of the tests before this one. */
  wait_for (count_alive () == 0);
  g_setenv ("SPARE_BEFORE", "before", TRUE);
  g_unsetenv ("SPARE_AFTER");
  subiter_runtime_set_n_spares (runtime, 1);
  /* Once the second is being made, the first is there. */
  subiter_runtime_set_n_spares (runtime, 2);
  wait_for (count_alive () == 2);

  g_unsetenv ("SPARE_BEFORE");
  g_setenv ("SPARE_AFTER", "after", TRUE);
  {
    g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);

    call_and_wait (interpreter, callable, &answer);
    g_assert_no_error (answer.error);
    assert_code (interpreter, "import os\nf = lambda: (os.environ.get ('SPARE_BEFORE'), os.environ['SPARE_AFTER'])",
                 "(nothing, 'after')");
  }

  subiter_runtime_set_n_spares (runtime, 0);
  wait_for (count_alive () == 0);
  {
    g_autoptr (SubiterInterpreter) interpreter = subiter_interpreter_new (NULL);

    call_and_wait (interpreter, callable, &plain);
    g_assert_no_error (plain.error);
  }
  g_assert_cmpvariant (answer.value, plain.value);
  wait_for (count_alive () == 0);
}

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/call/values", test_values);
  g_test_add_func ("/call/errors", test_errors);
  g_test_add_func ("/call/resolved-once", test_resolved_once);
  g_test_add_func ("/call/cancelled", test_cancelled);
  g_test_add_func ("/call/shared", test_shared);
  g_test_add_func ("/call/spare", test_spare);

  return g_test_run ();
}
