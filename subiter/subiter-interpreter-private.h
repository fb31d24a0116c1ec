/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-interpreter.h"
#include "subiter-run.h"
#include "subiter-wakeup-private.h"

G_BEGIN_DECLS

/* An interpreter in two rooms: subiter-interpreter.c has the object and its life,
 * subiter-interpreter-call.c what is called on it. */
struct _SubiterInterpreter
{
  GObject parent_instance;

  guint64 id;
  char *runtime;
  SubiterWakeup *wakeup;

  /* set by any thread, cleared by the dispatch: whether there may be a call that was
   * cancelled */
  _Atomic int has_cancelled;

  GMutex lock;
  /* lock: all that follows */
  SubiterPort *port;
  gboolean closed;
  guint close_grace_period;
  GQueue close_tasks;
  /* calls that have no answer yet, in their order */
  GQueue calls;
  /* what the log is to be told of workers that were given up and replaced */
  GQueue farewells;

  /* the dispatch's own: what the property was when last notified */
  SubiterInterpreterState notified_state;
  /* the dispatch's own: how many calls were answered whose callbacks are still to come */
  guint n_deferred;
};

/* called with the lock held */
SubiterPort *subiter_interpreter_submit_locked (SubiterInterpreter *self,
                                                SubiterRun *run,
                                                gboolean *is_behind,
                                                GError **error);

/* the dispatch */
void subiter_interpreter_answer_calls (SubiterInterpreter *self);

SubiterPort *subiter_interpreter_submit (SubiterInterpreter *self,
                                         SubiterRun *run,
                                         gboolean *is_behind,
                                         GError **error);
void subiter_interpreter_forget (SubiterInterpreter *self,
                                 guint64 stream_id);
void subiter_interpreter_close (SubiterInterpreter *self,
                                SubiterWakeup *wakeup);
gboolean subiter_interpreter_has_closed (SubiterInterpreter *self,
                                         GError **error);

G_END_DECLS
