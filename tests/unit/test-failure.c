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
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/failure/failure", test_failure);
  subiter_test_add ("/failure/error", test_error);
  subiter_test_add ("/failure/copy", test_copy);
  subiter_test_add ("/failure/foreign", test_foreign);
  subiter_test_add ("/failure/domain", test_domain);

  return subiter_test_run ();
}
