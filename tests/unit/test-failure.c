/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

static SubiterFailure *
failure_new (void)
{
  static const char *const notes[] = { "one", "two", NULL };

  return subiter_failure_new ("ValueError", "no good", "Traceback …\nValueError: no good\n", notes);
}

static void
assert_is_it (SubiterFailure *failure)
{
  static const char *const notes[] = { "one", "two", NULL };

  g_assert_nonnull (failure);
  g_assert_cmpstr (subiter_failure_get_exception_type (failure), ==, "ValueError");
  g_assert_cmpstr (subiter_failure_get_message (failure), ==, "no good");
  g_assert_cmpstr (subiter_failure_get_traceback (failure), ==, "Traceback …\nValueError: no good\n");
  g_assert_cmpstrv (subiter_failure_get_notes (failure), notes);
}

static void
init_private (GError *error)
{
}

static void
copy_private (const GError *error,
              GError *copy)
{
}

static void
clear_private (GError *error)
{
}

/* A binding may know the domain by its name, before it has called anything here: it has
 * to be there from the start. */
static void
check_domain_by_name (void)
{
  GError *error = g_error_new_literal (g_quark_from_string ("SubiterError"), SUBITER_ERROR_RAISED, "by name");

  /* Which it says of one that is there. */
  g_test_expect_message ("GLib", G_LOG_LEVEL_CRITICAL, "*SubiterError*");
  g_error_domain_register ("SubiterError", sizeof (gpointer), init_private, copy_private, clear_private);
  g_test_assert_expected_messages ();

  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_RAISED);
  g_assert_null (subiter_failure_from_error (error));
  g_error_free (error);
}

static void
test_failure (void)
{
  g_autoptr (SubiterFailure) failure = failure_new ();
  g_autoptr (SubiterFailure) bare = subiter_failure_new ("KeyError", "", NULL, NULL);
  SubiterFailure *copy = g_boxed_copy (SUBITER_TYPE_FAILURE, failure);

  assert_is_it (failure);
  assert_is_it (copy);
  g_boxed_free (SUBITER_TYPE_FAILURE, copy);

  g_assert_null (subiter_failure_get_traceback (bare));
  g_assert_nonnull (subiter_failure_get_notes (bare));
  g_assert_null (subiter_failure_get_notes (bare)[0]);
}

static void
test_cause (void)
{
  g_autoptr (SubiterFailure) effect = failure_new ();
  g_autoptr (SubiterFailure) bare = subiter_failure_new ("KeyError", "1", NULL, NULL);
  g_autoptr (SubiterFailure) middle = NULL;
  g_autoptr (SubiterFailure) failure = NULL;

  g_assert_null (subiter_failure_get_cause (effect));
  g_assert_false (subiter_failure_is_cause_explicit (effect));
  g_assert_cmpuint (subiter_failure_get_members (effect)->len, ==, 0);

  middle = subiter_failure_with_cause (effect, bare, FALSE);
  failure = subiter_failure_with_cause (effect, middle, TRUE);
  /* It is not changed by that. */
  assert_is_it (effect);
  g_assert_null (subiter_failure_get_cause (effect));

  g_assert_true (subiter_failure_get_cause (failure) == middle);
  g_assert_true (subiter_failure_get_cause (middle) == bare);
  g_assert_true (subiter_failure_is_cause_explicit (failure));
  g_assert_false (subiter_failure_is_cause_explicit (middle));
  g_assert_cmpstr (subiter_failure_get_message (failure), ==, "no good");
  g_assert_cmpstr (subiter_failure_get_own_traceback (failure), ==, "Traceback …\nValueError: no good\n");
  g_assert_cmpstr (subiter_failure_get_traceback (failure), ==,
                   "KeyError: 1\n"
                   "\n"
                   "During handling of the above exception, another exception occurred:\n"
                   "\n"
                   "Traceback …\n"
                   "ValueError: no good\n"
                   "\n"
                   "The above exception was the direct cause of the following exception:\n"
                   "\n"
                   "Traceback …\n"
                   "ValueError: no good\n");
  g_assert_true (subiter_failure_get_traceback (failure) == subiter_failure_get_traceback (failure));
}

static gpointer
get_traceback (gpointer failure)
{
  return (gpointer) subiter_failure_get_traceback (failure);
}

/* The first one who asks puts it together. */
static void
test_traceback_in_threads (void)
{
  for (guint round = 0; round < 50; round++)
    {
      g_autoptr (SubiterFailure) cause = failure_new ();
      g_autoptr (SubiterFailure) effect = failure_new ();
      g_autoptr (SubiterFailure) failure = subiter_failure_with_cause (effect, cause, TRUE);
      GThread *threads[4];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("reader", get_traceback, failure);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_assert_true (g_thread_join (threads[i]) == subiter_failure_get_traceback (failure));
    }
}

static void
test_members (void)
{
  g_autoptr (SubiterFailure) first = failure_new ();
  g_autoptr (SubiterFailure) second = subiter_failure_new ("KeyError", "", NULL, NULL);
  g_autoptr (SubiterFailure) group = subiter_failure_new ("ExceptionGroup", "both", NULL, NULL);
  g_autoptr (SubiterFailure) full = NULL;
  g_autoptr (SubiterFailure) caused = NULL;
  g_autoptr (SubiterFailure) again = NULL;
  SubiterFailure *const members[] = { first, second };

  full = subiter_failure_with_members (group, members, 2);
  g_assert_cmpuint (subiter_failure_get_members (group)->len, ==, 0);
  g_assert_cmpuint (subiter_failure_get_members (full)->len, ==, 2);
  g_assert_true (subiter_failure_get_members (full)->pdata[0] == first);
  g_assert_true (subiter_failure_get_members (full)->pdata[1] == second);

  /* Each of the two keeps what the other one has set. */
  caused = subiter_failure_with_cause (full, second, TRUE);
  g_assert_cmpuint (subiter_failure_get_members (caused)->len, ==, 2);
  again = subiter_failure_with_members (caused, NULL, 0);
  g_assert_cmpuint (subiter_failure_get_members (again)->len, ==, 0);
  g_assert_true (subiter_failure_get_cause (again) == second);
  g_assert_true (subiter_failure_is_cause_explicit (again));
}

/* Nothing goes into the depth: neither to read nor to free it. */
static void
test_long_chain (void)
{
  SubiterFailure *failure = subiter_failure_new ("KeyError", "", NULL, NULL);

  for (guint i = 0; i < 100000; i++)
    {
      g_autoptr (SubiterFailure) effect = subiter_failure_new ("KeyError", "", NULL, NULL);
      SubiterFailure *longer = i % 2 == 0 ? subiter_failure_with_cause (effect, failure, TRUE)
                                          : subiter_failure_with_members (effect, &failure, 1);

      subiter_failure_unref (failure);
      failure = longer;
    }
  subiter_failure_unref (failure);

  failure = subiter_failure_new ("KeyError", "", NULL, NULL);
  for (guint i = 0; i < 10000; i++)
    {
      g_autoptr (SubiterFailure) effect = subiter_failure_new ("KeyError", "", NULL, NULL);
      SubiterFailure *longer = subiter_failure_with_cause (effect, failure, TRUE);

      subiter_failure_unref (failure);
      failure = longer;
    }
  g_assert_cmpuint (strlen (subiter_failure_get_traceback (failure)), >, 10000 * strlen ("KeyError\n"));
  subiter_failure_unref (failure);
}

static void
test_error (void)
{
  g_autoptr (SubiterFailure) failure = failure_new ();
  g_autoptr (SubiterFailure) bare = subiter_failure_new ("KeyError", "", NULL, NULL);
  GError *error = subiter_error_new_for_failure (SUBITER_ERROR_RAISED, failure);

  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_RAISED);
  g_assert_cmpstr (error->message, ==, "ValueError: no good");
  g_assert_true (subiter_failure_from_error (error) == failure);
  g_clear_error (&error);
  assert_is_it (failure);

  error = subiter_error_new_for_failure (SUBITER_ERROR_NOT_ITERABLE, bare);
  g_assert_error (error, SUBITER_ERROR, SUBITER_ERROR_NOT_ITERABLE);
  g_assert_cmpstr (error->message, ==, "KeyError");
  g_clear_error (&error);
}

/* It survives what errors go through. */
static void
test_copy (void)
{
  SubiterFailure *failure = failure_new ();
  GError *error = subiter_error_new_for_failure (SUBITER_ERROR_RAISED, failure);
  GError *copy = g_error_copy (error);
  GError *arrived = NULL;
  g_auto (GValue) value = G_VALUE_INIT;

  subiter_failure_unref (failure);
  g_clear_error (&error);
  assert_is_it (subiter_failure_from_error (copy));

  g_value_init (&value, G_TYPE_ERROR);
  g_value_set_boxed (&value, copy);
  g_propagate_prefixed_error (&arrived, copy, "While reading: ");
  assert_is_it (subiter_failure_from_error (arrived));
  g_assert_cmpstr (arrived->message, ==, "While reading: ValueError: no good");
  assert_is_it (subiter_failure_from_error (g_value_get_boxed (&value)));
  g_clear_error (&arrived);
}

static void
test_foreign (void)
{
  g_autoptr (GError) foreign = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "no");
  g_autoptr (GError) plain = g_error_new_literal (SUBITER_ERROR, SUBITER_ERROR_CLOSED, "closed");
  g_autoptr (GError) copy = g_error_copy (plain);

  g_assert_null (subiter_failure_from_error (foreign));
  g_assert_null (subiter_failure_from_error (plain));
  g_assert_null (subiter_failure_from_error (copy));
}

/* Programs that compare domains as text rely on it. */
static void
test_domain (void)
{
  g_assert_cmpstr (g_quark_to_string (SUBITER_ERROR), ==, "SubiterError");
}

int
main (int argc,
      char **argv)
{
  check_domain_by_name ();
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/failure/failure", test_failure);
  subiter_test_add ("/failure/cause", test_cause);
  subiter_test_add ("/failure/traceback-in-threads", test_traceback_in_threads);
  subiter_test_add ("/failure/members", test_members);
  subiter_test_add ("/failure/long-chain", test_long_chain);
  subiter_test_add ("/failure/error", test_error);
  subiter_test_add ("/failure/copy", test_copy);
  subiter_test_add ("/failure/foreign", test_foreign);
  subiter_test_add ("/failure/domain", test_domain);

  return subiter_test_run ();
}
