/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-inspection-private.h"
#include "subiter-run-private.h"
#include "subiter-source.h"
#include "subiter-wakeup-private.h"

G_BEGIN_DECLS

/* A source in nine rooms: subiter-source.c has the object, its signals and the
 * methods that start and stop it; subiter-source-accessors.c the methods that get
 * and set, subiter-source-grace.c those that say how long code may take, and
 * subiter-source-properties.c the same as properties;
 * subiter-source-iteration.c the life of an iteration; subiter-source-dispatch.c
 * all that happens in the main context, and subiter-source-delivery.c what it does with
 * items; subiter-source-pull.c the methods that block for items, and subiter-source-requests.c
 * those that do not. */

#define SUBITER_SOURCE_DEFAULT_BUFFER_SIZE 64
/* Room for each is there from the start, 16 bytes. */
#define SUBITER_SOURCE_MAX_BUFFER_SIZE (1 << 20)
/* in µs: an eighth of a frame at 60 Hz */
#define SUBITER_SOURCE_DEFAULT_DISPATCH_BUDGET 2000

/* An iteration that is over for the application, and not yet for its worker. */
typedef struct
{
  SubiterRun *run;
  /* whether its end is still to be signalled */
  gboolean signals_end;
} SubiterWinding;

/* The end of an iteration that a blocked thread found: it is left to the main
 * context to signal it. */
typedef struct
{
  /* nullable: whose last output is to come first */
  SubiterRun *run;
  SubiterState state;
  GError *error;
} SubiterEnd;

/* What a call wants, and what it has got. */
typedef struct
{
  /* 0: a single item */
  guint max_items;
  /* (transfer full), one of them */
  GVariant *item;
  SubiterBatch *batch;
} SubiterTake;

/* One call of next_async () or next_batch_async (). */
typedef struct
{
  GTask *task;
  /* 0: a single item */
  guint max_items;
  gulong cancelled_id;
  /* what ended the iteration, for the first of those that waited */
  GError *error;
} SubiterRequest;

typedef enum
{
  SUBITER_SOURCE_PROP_CALLABLE = 1,
  SUBITER_SOURCE_PROP_INTERPRETER,
  SUBITER_SOURCE_PROP_RUNTIME,
  SUBITER_SOURCE_PROP_BUFFER_SIZE,
  SUBITER_SOURCE_PROP_TIMEOUT,
  SUBITER_SOURCE_PROP_INITIALIZERS,
  SUBITER_SOURCE_PROP_ITEM_TYPE,
  SUBITER_SOURCE_PROP_PRIORITY,
  SUBITER_SOURCE_PROP_DISPATCH_BUDGET,
  SUBITER_SOURCE_PROP_DISPATCH_ITEMS,
  SUBITER_SOURCE_PROP_PYTHON_PATH,
  SUBITER_SOURCE_PROP_STATE,
  SUBITER_SOURCE_PROP_N_ITEMS,
  SUBITER_SOURCE_PROP_PROGRESS,
  SUBITER_SOURCE_PROP_PROGRESS_TEXT,
  SUBITER_SOURCE_PROP_FAILURE,
  SUBITER_SOURCE_PROP_INTERRUPT_DELAY,
  SUBITER_SOURCE_PROP_GRACE_PERIOD,
  SUBITER_SOURCE_PROP_ABANDONED,
  SUBITER_SOURCE_N_PROPS,
} SubiterSourceProperty;

typedef enum
{
  SUBITER_SOURCE_SIGNAL_ITEM,
  SUBITER_SOURCE_SIGNAL_ITEMS,
  SUBITER_SOURCE_SIGNAL_FINISHED,
  SUBITER_SOURCE_SIGNAL_TIMEOUT,
  SUBITER_SOURCE_SIGNAL_FAILED,
  SUBITER_SOURCE_SIGNAL_OUTPUT,
  SUBITER_SOURCE_N_SIGNALS,
} SubiterSourceSignal;

extern GParamSpec *subiter_source_properties[SUBITER_SOURCE_N_PROPS];
extern guint subiter_source_signals[SUBITER_SOURCE_N_SIGNALS];

struct _SubiterSource
{
  GObject parent_instance;

  /* immutable once constructed */
  SubiterCallable *callable;
  SubiterInterpreter *interpreter;
  gboolean owns_interpreter;
  char *runtime;
  guint64 stream_id;
  SubiterWakeup *wakeup;

  /* counts everything that ends the delivery of a batch at once and that a
   * blocked next () has to hear of: starts, stops, pauses */
  _Atomic guint generation;
  _Atomic guint64 n_items;

  /* held while items are popped by next () and its like: one consumer at a
   * time; taken before lock */
  GMutex pull_lock;

  GMutex lock;
  /* lock: all that follows */
  guint buffer_size;
  guint timeout;
  guint interrupt_delay;
  guint grace_period;
  char **initializers;
  GPtrArray *more_initializers;
  GVariantType *item_type;
  int priority;
  guint dispatch_budget;
  guint dispatch_items;
  char **python_path;

  SubiterState state;
  gboolean pulls;
  gboolean closing;
  SubiterRun *run;
  SubiterPort *port;
  /* how many iterations have begun */
  guint64 n_iterations;
  /* whether run was sent behind other work of its interpreter */
  gboolean queued;
  GQueue windings;
  GQueue ends;
  /* the run about which the application is asked whether its timeout is the end,
   * only compared, and the end that another thread found for it meanwhile */
  SubiterRun *asked_run;
  SubiterEnd *held_end;
  /* since when a call of poll_batch () waits for an item that the worker owes
   * (monotonic, µs; 0: none does) */
  gint64 polled_since;
  /* what the next call of next () is to fail with */
  GError *pull_error;
  GQueue requests;
  /* those whose iteration is over: no item of another may come to them */
  GQueue over_requests;
  GQueue close_tasks;
  SubiterFailure *failure;
  gboolean abandoned;
  double progress;
  char *progress_text;

  SubiterItemFunc item_func;
  gpointer item_func_data;
  GDestroyNotify item_func_destroy;

  /* the dispatch's own: how many tasks were answered whose callbacks are
   * still to come */
  guint n_answers;
  /* the dispatch's own: since when the worker owes an item (monotonic, µs; 0:
   * it owes none) and in which iteration, and what the properties were when
   * last notified */
  gint64 owed_since;
  guint64 owed_iteration;
  /* the dispatch's own: of waits for another item with none left */
  SubiterSpin spin;
  /* the dispatch's own: the look at where code sits that did not make an item in
   * time, and until when it is worth waiting for */
  SubiterInspection *inspection;
  gint64 inspected_by;
  SubiterState notified_state;
  guint64 notified_n_items;
  /* lock: set by whoever changes it, cleared by the dispatch */
  gboolean failure_changed;
  gboolean abandoned_changed;
  gboolean progress_changed;
};

/* Whether the application has let go of the source, in a handler: then the
 * dispatch has the only reference, and nothing more may be delivered. What the
 * application kept for its handlers may be gone too. */
static inline gboolean
subiter_source_is_dropped (SubiterSource *self)
{
  return g_atomic_int_get (&G_OBJECT (self)->ref_count) == 1;
}

/* called with the lock held */
void subiter_source_set_state (SubiterSource *self,
                               SubiterState state);
void subiter_source_begin (SubiterSource *self,
                           gboolean pulls);
void subiter_source_wind_down (SubiterSource *self,
                               SubiterState state,
                               gboolean signals_end);
void subiter_source_end (SubiterSource *self,
                         SubiterRun *run);

void subiter_source_finish_winding (SubiterSource *self);
void subiter_source_drop_windings (SubiterSource *self);
void subiter_source_add_end (SubiterSource *self,
                             SubiterRun *run,
                             SubiterState state,
                             const GError *error);
void subiter_source_set_failure (SubiterSource *self,
                                 const GError *error);

SubiterInspection *subiter_source_inspect (SubiterSource *self,
                                           SubiterRun *run);
GError *subiter_source_make_timeout_error (SubiterSource *self,
                                           SubiterInspection *inspection);

void subiter_source_changed (SubiterSource *self);
gboolean subiter_source_wants_output (SubiterSource *self);
void subiter_source_dispatch (SubiterSource *self);
guint subiter_source_deliver_items (SubiterSource *self,
                                    SubiterRun *run);

gboolean subiter_source_join_iteration (SubiterSource *self,
                                        GError **error);
guint subiter_source_take (SubiterSource *self,
                           SubiterRun *run,
                           SubiterTake *take);
gulong subiter_source_connect_cancellable (SubiterSource *self,
                                           GCancellable *cancellable);
guint subiter_source_serve_requests (SubiterSource *self,
                                     SubiterRun *run,
                                     gint64 deadline);
void subiter_source_drop_cancelled_requests (SubiterSource *self);
void subiter_source_end_requests (SubiterSource *self);
void subiter_source_put_requests_over (SubiterSource *self);

void subiter_source_install_properties (GObjectClass *object_class);

void subiter_end_free (SubiterEnd *end);
void subiter_winding_free (SubiterWinding *winding);

G_END_DECLS
