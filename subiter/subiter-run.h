/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

#define SUBITER_TYPE_RUN (subiter_run_get_type ())

/**
 * SubiterRunKind:
 * @SUBITER_RUN_ITERATE: call the callable (unless this stream's iterable is
 *   kept from before) and push the items of what it returns
 * @SUBITER_RUN_FORGET: drop what is kept for the stream
 * @SUBITER_RUN_CALL: call the callable and push what it returns, one value
 *
 * What a runtime is asked to do.
 */
typedef enum
{
  SUBITER_RUN_ITERATE,
  SUBITER_RUN_FORGET,
  SUBITER_RUN_CALL,
} SubiterRunKind;

/**
 * SubiterPush:
 * @SUBITER_PUSH_DONE: the value was handed over
 * @SUBITER_PUSH_FULL: there is no room: wait with
 *   [method@Subiter.Run.wait_for_space], then try again
 * @SUBITER_PUSH_STOPPED: the run is to end: clean up, then call
 *   [method@Subiter.Run.finish]
 * @SUBITER_PUSH_REFUSED: the value does not fit, and the error says where
 *
 * What became of a value that was pushed.
 */
typedef enum
{
  SUBITER_PUSH_DONE,
  SUBITER_PUSH_FULL,
  SUBITER_PUSH_STOPPED,
  SUBITER_PUSH_REFUSED,
} SubiterPush;

SUBITER_AVAILABLE_IN_ALL
GType subiter_run_get_type (void) G_GNUC_CONST;
SUBITER_AVAILABLE_IN_ALL
SubiterRun *subiter_run_ref (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
void subiter_run_unref (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
SubiterRunKind subiter_run_get_kind (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
guint64 subiter_run_get_stream_id (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
SubiterCallable *subiter_run_get_callable (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
GPtrArray *subiter_run_get_initializers (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
const char *const *subiter_run_get_python_path (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
SubiterPush subiter_run_try_push (SubiterRun *run,
                                  SubiterValue *value,
                                  GError **error);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_run_wait_for_space (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_run_is_stopping (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
gboolean subiter_run_wait (SubiterRun *run,
                           gint64 timeout);
SUBITER_AVAILABLE_IN_ALL
void subiter_run_finish (SubiterRun *run);
SUBITER_AVAILABLE_IN_ALL
void subiter_run_fail (SubiterRun *run,
                       GError *error);
SUBITER_AVAILABLE_IN_ALL
void subiter_run_set_progress (SubiterRun *run,
                               double fraction,
                               const char *text);
SUBITER_AVAILABLE_IN_ALL
void subiter_run_write_output (SubiterRun *run,
                               SubiterStream stream,
                               const char *data,
                               gsize length);
SUBITER_AVAILABLE_IN_ALL
void subiter_run_log (SubiterRun *run,
                      GLogLevelFlags level,
                      const char *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterRun, subiter_run_unref)

G_END_DECLS
