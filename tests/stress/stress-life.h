/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <subiter.h>

#include "subiter-sync-private.h"

G_BEGIN_DECLS

/* Lives of sources, to whose every moment everything may happen, on several
 * threads. The same logic runs on the runtime in C and on the one that runs
 * Python, so it knows the public interface only.
 *
 * Each thread draws its decisions from a generator of its own, a handler
 * from the numbers of its source, iteration and item: whatever order the threads
 * run in, the same seed gives the same decisions. */

/* A call may be answered in another main context than that which the answer
 * comes from. GLib orders that by locks that ThreadSanitizer does not see, in
 * places where there is nothing to say so: there, calls stay in theirs. */
#ifdef SUBITER_TSAN
#define LIFE_CROSSES_CONTEXTS FALSE
#else
#define LIFE_CROSSES_CONTEXTS TRUE
#endif

/* What a callable does. */
typedef struct
{
  const char *name;
  /* the text of its arguments, a tuple */
  const char *args;
  /* the items are first, first + 1, …, first + n_items - 1; -1: without end */
  gint64 first;
  gint64 n_items;
  /* whether it fails by itself after them */
  gboolean fails;
  /* whether it ends only when it is told to */
  gboolean waits;
  /* whether its clean-up raises an exception */
  gboolean fails_when_stopped;
} LifeKind;

typedef struct _LifeStage LifeStage;

/* What is to be lived. */
typedef struct
{
  const char *runtime;
  const LifeKind *kinds;
  guint n_kinds;
  SubiterCallable *(*new_callable) (const LifeKind *kind);
  /* whether nothing of the runtime is left */
  gboolean (*is_all_gone) (void);
  /* how many decisions each thread makes */
  guint n_steps;
  /* for how long an owner waits for news now and then, in ms: the runtime is not
   * to be outrun by decisions */
  guint pace;
  /* whether a machine that has other things to do may be too slow to end an
   * interpreter in time: then it has to end all the same, if late */
  gboolean may_be_late;
} LifeWorld;

/* Whether @error, of a call that closes, is none, or one that may be. */
gboolean life_is_closed (LifeStage *stage,
                         const GError *error);

void life_run (const LifeWorld *world);

/* The last operations of each thread, for when one of them hangs. */
typedef struct _LifeJournal LifeJournal;

void life_watch_begin (void (*dump) (void));
void life_watch_end (void);
void life_journal_open (const char *name);
/* An operation begins; NULL: the thread is between two. */
void life_journal_operation (const char *what,
                             guint life,
                             gint64 detail);
/* Something happens within it. */
void life_journal_note (const char *what,
                        guint life,
                        gint64 detail);

/* How many threads the process has. */
guint life_count_threads (void);
/* Those that are not Subiter's. */
guint life_count_other_threads (void);
void life_print_threads (void);

typedef enum
{
  LIFE_SIGNALS,
  LIFE_PULLS,
} LifeMode;

#define LIFE_N_OWNERS 2
#define LIFE_N_MEDDLERS 2
/* of each owner, and of the context that they share */
#define LIFE_N_SLOTS 4
#define LIFE_N_PLACES ((LIFE_N_OWNERS + 1) * LIFE_N_SLOTS)
#define LIFE_N_INTERPRETERS 3

/* An interpreter that sources share. It is kept as well. */
typedef struct
{
  LifeStage *stage;
  SubiterInterpreter *interpreter;
  GMainContext *context;
  _Atomic int is_closed;
} LifeInterpreter;

/* One source. It is kept until the test ends, for the handlers. Except where a
 * comment says otherwise, its fields belong to whoever has its main context. */
typedef struct
{
  LifeStage *stage;
  guint number;
  const LifeKind *kind;
  /* nullable */
  LifeInterpreter *interpreter;
  GWeakRef weak_ref;
  /* NULL once it was let go of */
  SubiterSource *source;
  GMainContext *context;
  GCancellable *halt;

  guint n_starts;
  guint n_ends;
  gboolean is_active;
  gint64 last;
  gboolean has_last;
  gulong noise_id;
  guint nesting;
  /* what is to come back to this thread */
  guint n_pending;
  gint64 last_answer;
  /* whether nothing may come any more */
  gboolean is_silent;

  GMutex gate;
  /* gate, to be set: no start or rewind after it */
  _Atomic int is_closing;

  /* of any thread */
  _Atomic int mode;
  _Atomic int drains;
  _Atomic int n_callers;
  _Atomic int n_refs;
  _Atomic int n_stops_begun;
  _Atomic int n_stops_done;
  int stops_done_at_start;

  /* the items that were taken in this epoch of pulling, from any thread */
  _Atomic gint64 n_taken;
  _Atomic gint64 sum_taken;
  _Atomic gint64 squares_taken;
} Life;


struct _LifeStage
{
  const LifeWorld *world;
  guint32 seed;
  GMainContext *shared;
  Life *places[LIFE_N_PLACES];

  /* what is still there: sources, interpreters, calls without an answer, and
   * threads that may still make one of these */
  _Atomic int n_sources;
  _Atomic int n_interpreters;
  _Atomic int n_calls;
  /* those of them that close */
  _Atomic int n_closings;
  _Atomic int n_acting;
  _Atomic int n_owners;
  /* for the last line */
  _Atomic int n_ends;
  _Atomic int n_items;
  _Atomic int n_epochs;
  _Atomic int n_late;
  _Atomic int n_timeouts;
  _Atomic int n_handler_acts;

  GMutex lock;
  /* lock: all that follows */
  GPtrArray *lives;
  Life *visible[LIFE_N_PLACES];
  SubiterSource *visible_sources[LIFE_N_PLACES];
  GQueue parting;
  LifeInterpreter *interpreters[LIFE_N_INTERPRETERS];
  GPtrArray *all_interpreters;
};

/* A number that follows from others, for decisions in handlers. */
guint32 life_mix (guint32 a,
                  guint32 b,
                  guint32 c);

Life *life_new (LifeStage *stage,
                GMainContext *context,
                const LifeKind *kind,
                LifeInterpreter *interpreter,
                guint number);
void life_free (Life *life);
SubiterSource *life_ref (Life *life);
void life_unref (Life *life,
                 SubiterSource *source);

/* These are called with the source's main context. */
void life_start (Life *life);
void life_stop (Life *life);
void life_close (Life *life);
void life_drop (Life *life);
void life_next (Life *life,
                guint max_items,
                GCancellable *cancellable);
void life_toggle_noise (Life *life);
/* Begins another epoch if the one before is over. */
void life_turn (Life *life,
                LifeMode mode);

/* What holds of an error, wherever it comes. */
void life_check_error (Life *life,
                       const GError *error);
gboolean life_is_interpreter_closed (Life *life);
/* Whether it may be started, now and here: nobody else does that. */
gboolean life_can_start (Life *life);

/* These on any thread, with a reference. */
void life_stop_from_afar (Life *life,
                          SubiterSource *source);
void life_close_from_afar (Life *life,
                           SubiterSource *source);
void life_take (Life *life,
                SubiterSource *source,
                guint n);

/* Whether the thread has the context now. */
gboolean life_enter (GMainContext *context);
void life_leave (GMainContext *context);
void life_iterate (GMainContext *context);

G_END_DECLS
