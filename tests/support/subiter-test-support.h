/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-test-runtime.h"

#include "subiter-run-private.h"

G_BEGIN_DECLS

/* What a test program's main () is made of:
 *
 *   subiter_test_init (&argc, &argv);
 *   subiter_test_add ("/room/case", test_case);
 *   return subiter_test_run ();
 *
 * Each case runs with a main context of its own as the thread's default, and
 * ends only when every worker that it started has ended. */
void subiter_test_init (int *argc,
                        char ***argv);
void subiter_test_add (const char *path,
                       void (*func) (void));
int subiter_test_run (void);
/* Whether the tests may take their time: SUBITER_TEST_THOROUGH, which the
 * setup of that name sets, or -m thorough. */
gboolean subiter_test_is_thorough (void);

/* A condition is waited for; that it does not come to be is a failure of the
 * test, found after a time that no machine needs. */
void subiter_test_iterate (gint64 *failsafe,
                           const char *condition,
                           const char *where);
void subiter_test_poll (gint64 *failsafe,
                        const char *condition,
                        const char *where);

/* Iterates the thread's default main context meanwhile. */
#define subiter_test_wait_for(condition) \
  G_STMT_START \
  { \
    gint64 failsafe_ = 0; \
    while (!(condition)) \
      subiter_test_iterate (&failsafe_, #condition, G_STRLOC); \
  } \
  G_STMT_END

/* Leaves main contexts alone. */
#define subiter_test_block_until(condition) \
  G_STMT_START \
  { \
    gint64 failsafe_ = 0; \
    while (!(condition)) \
      subiter_test_poll (&failsafe_, #condition, G_STRLOC); \
  } \
  G_STMT_END

/* Dispatches what is ready, and only that. */
void subiter_test_drain (void);

/* An event for one thread to tell another: done is waited for, and what was
 * written before set is seen after it, by a sanitizer as well. */
typedef struct
{
  _Atomic int is_set;
} SubiterTestFlag;

void subiter_test_flag_set (SubiterTestFlag *flag);
gboolean subiter_test_flag_is_set (SubiterTestFlag *flag);

/* All that a source signals, as text. */
typedef struct
{
  SubiterSource *source;
  GThread *thread;
  GString *text;
  GString *states;
  guint n_items;
  guint n_ends;
  guint n_timeouts;
  /* how many timeouts are to be granted */
  guint grants;
  /* whether items are only checked to be 0, 1, …; they are not in the text */
  gboolean counts;
} SubiterTestLog;

SubiterTestLog *subiter_test_log_new (SubiterSource *source);
void subiter_test_log_free (SubiterTestLog *log);
/* Takes the part of the log of which no one has asked yet. */
char *subiter_test_log_take (SubiterTestLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterTestLog, subiter_test_log_free)

#define subiter_test_assert_log(log, expected) \
  G_STMT_START \
  { \
    g_autofree char *log_text_ = subiter_test_log_take (log); \
    g_assert_cmpstr (log_text_, ==, expected); \
  } \
  G_STMT_END

#define subiter_test_assert_trace(expected) \
  G_STMT_START \
  { \
    g_autofree char *trace_ = subiter_test_runtime_dup_trace (); \
    g_assert_cmpstr (trace_, ==, expected); \
  } \
  G_STMT_END

/* A source of the test runtime: @args is the text of a tuple, or NULL. */
SubiterSource *subiter_test_source_new (const char *function,
                                        const char *args);
SubiterSource *subiter_test_source_new_on (SubiterInterpreter *interpreter,
                                           const char *function,
                                           const char *args);
SubiterCallable *subiter_test_callable_new (const char *function,
                                            const char *args);
void subiter_test_expect_critical (const char *pattern);

/* Drops a reference on a thread, as any program may: but GLib's counting, by
 * which the last one comes after the others, is not seen by a sanitizer. */
void subiter_test_unref (gpointer object);

/* Drops the last reference, and says so if it was not. */
#define subiter_test_assert_last_unref(object) \
  G_STMT_START \
  { \
    gpointer object_ = (object); \
    g_assert_nonnull (object_); \
    g_assert_finalize_object (G_OBJECT (object_)); \
  } \
  G_STMT_END

G_END_DECLS
