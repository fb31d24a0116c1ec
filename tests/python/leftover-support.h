/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <subiter.h>

G_BEGIN_DECLS

/* What a process has of the things that an interpreter can leak. */
typedef struct
{
  guint n_interpreters;
  guint n_threads;
  guint n_files;
} Census;

void census_take (Census *census);

/* Waits until there is no more of anything than there was; fails the test if that
 * does not come to be. Iterates the main context meanwhile. */
void census_wait_for (const Census *baseline);

/* One interpreter, and one source that runs a function of leftovers.py on it. */
typedef struct
{
  SubiterInterpreter *interpreter;
  SubiterSource *source;
  GPtrArray *items;
  GString *output;
  gboolean ended;
  gboolean closed;
  GError *close_error;
} Subject;

Subject *subject_new (const char *function,
                      GVariant *args);
void subject_free (Subject *subject);
/* Until the source has ended. */
void subject_run (Subject *subject);
void subject_begin_close (Subject *subject);
/* Until the interpreter is gone, or was given up. */
void subject_close (Subject *subject);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Subject, subject_free)

#define wait_for(condition) \
  G_STMT_START \
  { \
    gint64 failsafe_ = g_get_monotonic_time () + 120 * G_TIME_SPAN_SECOND; \
    guint tick_ = g_timeout_add (20, G_SOURCE_FUNC (support_tick), NULL); \
    while (!(condition)) \
      { \
        if (g_get_monotonic_time () > failsafe_) \
          g_error ("%s: never: %s", G_STRLOC, #condition); \
        g_main_context_iteration (NULL, TRUE); \
      } \
    g_source_remove (tick_); \
  } \
  G_STMT_END

gboolean support_tick (gpointer data);

G_END_DECLS
