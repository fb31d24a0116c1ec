/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <subiter.h>

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* Where code of a real Python is stuck that makes no item in time, and what becomes of
 * it. Each in a process of its own: what is given up stays there. */

/* in ms */
#define TIMEOUT 100
#define INTERRUPT_DELAY 50
/* of what is going to be given up, and of what is not */
#define GRACE_PERIOD 400
#define LONG_GRACE_PERIOD 60000
/* How long nothing takes, in s. */
#define FAILSAFE 90
/* How often the code gets more time. */
#define N_GRANTED 3

typedef enum
{
  ENTRY_POINT,
  FILE_CALLABLE,
  SOURCE_CODE,
} Form;

typedef struct
{
  const char *name;
  Form form;
  const char *function;
  const char *initializer;
  /* where it is: the name, and the line of the source */
  const char *module;
  const char *place;
  const char *line;
  /* besides, a pattern */
  const char *also;
  gboolean is_abandoned;
  /* whether it keeps the GIL */
  gboolean is_deaf;
} Case;

static const char code[] =
    "import os, time\n"
    "def items():\n"
    "    yield 7\n"
    "    while not os.path.exists(os.environ['STUCK_MARKER']):\n"
    "        wait()  # größer als ☃\n"
    "def wait():\n"
    "    time.sleep(0.001)\n"
    "def deaf():\n"
    "    yield 7\n"
    "    if not os.path.exists(os.environ['STUCK_MARKER']):\n"
    "        3 ** (1 << 27)  # größer als ☃\n";

static const Case cases[] = {
  { "call", ENTRY_POINT, "returns_never", NULL, "stuck", "returns_never",
    "pause()  # the call does not return", NULL, FALSE, FALSE },
  { "initializer", ENTRY_POINT, "fine", "stuck:hangs", "stuck", "hangs",
    "time.sleep(3600)  # the initializer hangs", NULL, TRUE, FALSE },
  { "import", ENTRY_POINT, "imports", NULL, "stuck_import", "<module>",
    "time.sleep(0.001)  # at the top of a module", "*in imports\n    import stuck_import  # the import hangs\n*",
    FALSE, FALSE },
  { "sleep", ENTRY_POINT, "sleeps", NULL, "stuck", "sleeps",
    "time.sleep(3600)  # the generator sleeps", NULL, TRUE, FALSE },
  { "loop", ENTRY_POINT, "loops", NULL, "stuck", "loops",
    "pause()  # the generator loops", NULL, FALSE, FALSE },
  { "recursion", ENTRY_POINT, "recursive", NULL, "stuck", "deep",
    "pause()  # at the bottom", "*return deep(n - 1)  # deeper\n  [Previous line repeated 497 more times]\n*",
    FALSE, FALSE },
  { "stubborn", ENTRY_POINT, "stubborn", NULL, "stuck", "stubborn",
    "catch_all()  # on and on", NULL, TRUE, FALSE },
  { "misleading", ENTRY_POINT, "misleads", NULL, "stuck", "misleads",
    "time.sleep(3600 if '  File \"wrong.py\", line 1, in nowhere' else 0)", NULL, TRUE, FALSE },
  { "power", ENTRY_POINT, "power", NULL, "stuck", "power",
    "3 ** (1 << 27)  # a number that is too large", NULL, TRUE, TRUE },
  { "expression", ENTRY_POINT, "expression", NULL, "stuck", "expression",
    "re.match(\"(a+)+$\", \"a\" * 64 + \"b\")  # an expression that is too hard", NULL, TRUE, TRUE },
  { "file", FILE_CALLABLE, "items", NULL, NULL, "items", "wait()  # größer als ☃", NULL, FALSE, FALSE },
  { "file-deaf", FILE_CALLABLE, "deaf", NULL, NULL, "deaf", "3 ** (1 << 27)  # größer als ☃", NULL, TRUE, TRUE },
  { "code", SOURCE_CODE, "items", NULL, NULL, "items", "wait()  # größer als ☃", NULL, FALSE, FALSE },
  { "code-deaf", SOURCE_CODE, "deaf", NULL, NULL, "deaf", "3 ** (1 << 27)  # größer als ☃", NULL, TRUE, TRUE },
};

typedef struct
{
  const Case *test_case;
  SubiterSource *source;
  char *folder;
  char *file;
  char *marker;
  /* the frame as it has to be told */
  char *frame;
  char *where;

  SubiterFailure *failure;
  guint n_told;
  guint n_cleared;
  guint n_timeouts;
  guint n_finished;
  guint n_items;
} Fixture;

static gboolean
tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

#define wait_for(condition) \
  G_STMT_START \
  { \
    gint64 failsafe_ = g_get_monotonic_time () + FAILSAFE * G_TIME_SPAN_SECOND; \
    guint tick_ = g_timeout_add (10, tick, NULL); \
    while (!(condition)) \
      { \
        if (g_get_monotonic_time () > failsafe_) \
          g_error ("%s: never: %s; last: %s", G_STRLOC, #condition, \
                   fixture->failure != NULL ? subiter_failure_get_traceback (fixture->failure) : "nothing"); \
        g_main_context_iteration (NULL, TRUE); \
      } \
    g_source_remove (tick_); \
  } \
  G_STMT_END

static guint
count_threads (const char *thread_name)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((id = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", id, "comm", NULL);
      g_autofree char *name = NULL;

      if (g_file_get_contents (path, &name, NULL, NULL) && g_str_equal (g_strchomp (name), thread_name))
        n++;
    }

  return n;
}

/* The number of the line in a text that has it as its only content but for space. */
static guint
find_line (const char *text,
           const char *line)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_equal (g_strstrip (lines[i]), line))
        return i + 1;
    }
  g_error ("“%s” is not there", line);
}

/* What Python below 3.14 does not tell debuggers of. */
static gboolean
can_peek (void)
{
  return !g_str_equal (g_getenv ("SUBITER_PYTHON"), "3.13");
}

static gboolean
check_cleared (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (SubiterFailure) failure = subiter_source_dup_failure (fixture->source);

  g_assert_null (failure);
  fixture->n_cleared++;

  return G_SOURCE_REMOVE;
}

/* Whether the code gets more time. */
static gboolean
check_timeout (SubiterSource *source,
               Fixture *fixture)
{
  const char *message;
  const char *stack;

  g_clear_pointer (&fixture->failure, subiter_failure_unref);
  fixture->failure = subiter_source_dup_failure (source);
  if (fixture->failure == NULL)
    {
      /* It has not come that far yet; or is one of those that nobody can look at. */
      if (!fixture->test_case->is_deaf || can_peek ())
        return TRUE;
      return fixture->n_told++ < N_GRANTED;
    }

  g_assert_cmpstr (subiter_failure_get_exception_type (fixture->failure), ==, "TimeoutError");
  message = subiter_failure_get_message (fixture->failure);
  stack = subiter_failure_get_traceback (fixture->failure);
  g_assert_true (g_str_has_prefix (message, "No item came within 100 ms; its code is at File \""));
  g_assert_null (strstr (message, "wrong.py"));
  g_assert_true (g_str_has_prefix (stack, "Stack (most recent call last):\n  File \""));
  g_assert_true (g_utf8_validate (stack, -1, NULL));
  if (strstr (stack, fixture->frame) == NULL)
    return TRUE;

  /* What is not of Python's own is the innermost. */
  if (fixture->test_case->is_abandoned && !g_str_equal (fixture->test_case->name, "stubborn")
      && !g_str_equal (fixture->test_case->name, "expression"))
    g_assert_true (g_str_has_suffix (message, fixture->where));
  if (fixture->test_case->also != NULL && !g_pattern_match_simple (fixture->test_case->also, stack))
    g_error ("it says “%s”", stack);

  return fixture->n_told++ < N_GRANTED;
}

static gboolean
on_timeout (SubiterSource *source,
            Fixture *fixture)
{
  gboolean grants = check_timeout (source, fixture);

  fixture->n_timeouts++;
  g_assert_cmpuint (count_threads ("subiter-visit"), <=, 1);
  /* This comes before another timeout does. */
  if (grants)
    g_idle_add_full (G_PRIORITY_DEFAULT, check_cleared, fixture, NULL);

  return grants;
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Fixture *fixture)
{
  g_assert_cmpint (g_variant_get_int64 (item), ==, 7);
  fixture->n_items++;
}

static void
on_finished (SubiterSource *source,
             Fixture *fixture)
{
  fixture->n_finished++;
}

static void
on_failed (SubiterSource *source,
           GError *error)
{
  SubiterFailure *failure = subiter_failure_from_error (error);

  g_error ("%s\n%s", error->message, failure != NULL ? subiter_failure_get_traceback (failure) : "");
}

static SubiterCallable *
make_callable (Fixture *fixture)
{
  const Case *test_case = fixture->test_case;
  g_autofree char *entry_point = g_strconcat ("stuck:", test_case->function, NULL);
  g_autoptr (GError) error = NULL;
  SubiterCallable *callable = NULL;

  switch (test_case->form)
    {
    case ENTRY_POINT:
      callable = subiter_callable_new_for_entry_point (entry_point, &error);
      break;
    case FILE_CALLABLE:
      callable = subiter_callable_new_for_file (fixture->file, test_case->function, &error);
      break;
    case SOURCE_CODE:
      callable = subiter_callable_new_for_source_code (code, test_case->function, &error);
      break;
    default:
      g_assert_not_reached ();
    }
  g_assert_no_error (error);

  return callable;
}

static char *
make_where (Fixture *fixture)
{
  const Case *test_case = fixture->test_case;
  g_autofree char *text = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;

  if (test_case->form != ENTRY_POINT)
    return g_strdup_printf ("File \"%s\", line %u, in %s",
                            test_case->form == FILE_CALLABLE ? fixture->file : "<subiter:1>",
                            find_line (code, test_case->line), test_case->place);

  name = g_strconcat (test_case->module, ".py", NULL);
  path = g_test_build_filename (G_TEST_DIST, "modules", name, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));

  return g_strdup_printf ("File \"%s\", line %u, in %s", path, find_line (text, test_case->line), test_case->place);
}

static Fixture *
fixture_new (const Case *test_case)
{
  g_autofree char *modules = g_test_build_filename (G_TEST_DIST, "modules", NULL);
  const char *const path[] = { modules, NULL };
  const char *const initializers[] = { test_case->initializer, NULL };
  Fixture *fixture = g_new0 (Fixture, 1);
  g_autoptr (SubiterCallable) callable = NULL;

  fixture->test_case = test_case;
  fixture->folder = g_dir_make_tmp ("subiter-stack-XXXXXX", NULL);
  fixture->file = g_build_filename (fixture->folder, "größe ☃.py", NULL);
  fixture->marker = g_build_filename (fixture->folder, "marker", NULL);
  g_assert_true (g_file_set_contents (fixture->file, code, -1, NULL));
  g_setenv ("STUCK_MARKER", fixture->marker, TRUE);
  fixture->where = make_where (fixture);
  fixture->frame = g_strdup_printf ("  %s\n    %s\n", fixture->where, test_case->line);

  callable = make_callable (fixture);
  fixture->source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "python-path", path,
                                  "initializers", initializers, "timeout", TIMEOUT,
                                  "interrupt-delay", INTERRUPT_DELAY, "grace-period",
                                  test_case->is_abandoned ? GRACE_PERIOD : LONG_GRACE_PERIOD, NULL);
  g_signal_connect (fixture->source, "timeout", G_CALLBACK (on_timeout), fixture);
  g_signal_connect (fixture->source, "item", G_CALLBACK (on_item), fixture);
  g_signal_connect (fixture->source, "finished", G_CALLBACK (on_finished), fixture);
  g_signal_connect (fixture->source, "failed", G_CALLBACK (on_failed), NULL);

  return fixture;
}

static void
fixture_free (Fixture *fixture)
{
  g_signal_handlers_disconnect_by_data (fixture->source, fixture);
  g_object_unref (fixture->source);
  g_remove (fixture->marker);
  g_remove (fixture->file);
  g_rmdir (fixture->folder);
  g_clear_pointer (&fixture->failure, subiter_failure_unref);
  g_free (fixture->folder);
  g_free (fixture->file);
  g_free (fixture->marker);
  g_free (fixture->frame);
  g_free (fixture->where);
  g_free (fixture);
}

static gboolean
is_over (Fixture *fixture)
{
  SubiterInterpreter *interpreter = subiter_source_get_interpreter (fixture->source);

  /* That it was given up is told by the dispatch of its end. */
  return fixture->test_case->is_abandoned ? subiter_source_get_abandoned (fixture->source)
                                          : !subiter_interpreter_get_running (interpreter);
}

static void
check_life (Fixture *fixture)
{
  SubiterInterpreter *interpreter = subiter_source_get_interpreter (fixture->source);
  g_autoptr (SubiterRuntime) runtime = NULL;
  gboolean is_abandoned = fixture->test_case->is_abandoned;
  g_autoptr (SubiterFailure) failure = NULL;
  g_autoptr (GError) error = NULL;

  subiter_source_start (fixture->source);
  wait_for (subiter_source_get_state (fixture->source) == SUBITER_STATE_TIMED_OUT);
  g_assert_cmpuint (fixture->n_told, ==, N_GRANTED + 1);
  g_assert_cmpuint (fixture->n_cleared, ==, fixture->n_timeouts - 1);
  failure = subiter_source_dup_failure (fixture->source);
  g_assert_true ((failure != NULL) == (fixture->failure != NULL));
  g_assert_cmpuint (fixture->n_finished, ==, 0);

  wait_for (is_over (fixture));
  runtime = subiter_runtime_lookup ("subinterpreter", &error);
  g_assert_no_error (error);
  g_assert_cmpint (subiter_source_get_abandoned (fixture->source), ==, is_abandoned);
  g_assert_cmpuint (subiter_runtime_get_n_abandoned (runtime), ==, is_abandoned ? 1 : 0);
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==,
                   is_abandoned ? SUBITER_INTERPRETER_STATE_ABANDONED : SUBITER_INTERPRETER_STATE_LIVE);
  g_assert_cmpint (subiter_source_get_state (fixture->source), ==, SUBITER_STATE_TIMED_OUT);

  /* And again: on another interpreter, if that one was given up. */
  g_assert_true (g_file_set_contents (fixture->marker, "", -1, NULL));
  subiter_source_set_timeout (fixture->source, 0);
  fixture->n_items = 0;
  subiter_source_start (fixture->source);
  wait_for (fixture->n_finished == 1);
  g_assert_cmpuint (fixture->n_items, ==, 1);
  g_assert_false (subiter_source_get_abandoned (fixture->source));
  g_assert_cmpint (subiter_interpreter_get_state (interpreter), ==, SUBITER_INTERPRETER_STATE_LIVE);
  g_assert_cmpuint (subiter_runtime_get_n_abandoned (runtime), ==, is_abandoned ? 1 : 0);
}

static void
test_case (gconstpointer data)
{
  const Case *test_case = data;

  if (g_test_subprocess ())
    {
      Fixture *fixture = fixture_new (test_case);

      /* The log is for the parent to see. */
      g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
      check_life (fixture);
      fixture_free (fixture);
      exit (23);
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  if (g_test_trap_has_passed ())
    g_error ("it did not get to its end");
  if (!test_case->is_abandoned)
    {
      g_test_trap_assert_stderr ("");
      return;
    }
  g_test_trap_assert_stderr ("*WARNING*did not end within 400 ms*given up*");
  g_test_trap_assert_stderr_unmatched ("*WARNING*WARNING*");
  g_test_trap_assert_stderr_unmatched ("*CRITICAL*");
}

/* The source of code that runs may be another one by now, or none: its frames are told
 * nevertheless. */
static void
test_changed_file (void)
{
  Fixture *fixture = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (g_str_equal (cases[i].name, "file"))
        fixture = fixture_new (&cases[i]);
    }
  g_free (fixture->frame);
  fixture->frame = g_strdup_printf ("  %s\n  File", fixture->where);
  subiter_source_start (fixture->source);
  wait_for (fixture->n_items == 1);
  g_assert_true (g_file_set_contents (fixture->file, "# short\n", -1, NULL));
  wait_for (subiter_source_get_state (fixture->source) == SUBITER_STATE_TIMED_OUT);
  wait_for (!subiter_interpreter_get_running (subiter_source_get_interpreter (fixture->source)));
  fixture_free (fixture);
}

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/stack/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/stack/changed-file", test_changed_file);

  return g_test_run ();
}
