/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <gio/gio.h>

#include <subiter-version.h>

G_BEGIN_DECLS

typedef struct _SubiterBatch SubiterBatch;
typedef struct _SubiterCallable SubiterCallable;
typedef struct _SubiterColumns SubiterColumns;
typedef struct _SubiterFailure SubiterFailure;
typedef struct _SubiterInterpreter SubiterInterpreter;
typedef struct _SubiterPort SubiterPort;
typedef struct _SubiterRun SubiterRun;
typedef struct _SubiterRuntime SubiterRuntime;
typedef struct _SubiterSource SubiterSource;
typedef struct _SubiterValue SubiterValue;

/**
 * SubiterState:
 * @SUBITER_STATE_IDLE: made, or rewound: nothing has been iterated
 * @SUBITER_STATE_RUNNING: an iteration is under way
 * @SUBITER_STATE_PAUSED: an iteration is under way, and its items wait
 * @SUBITER_STATE_STOPPING: [method@Subiter.Source.stop] was called and the
 *   Python code has not ended yet
 * @SUBITER_STATE_FINISHED: the iterable is exhausted
 * @SUBITER_STATE_STOPPED: the iteration ended because it was told to stop
 * @SUBITER_STATE_FAILED: the iteration ended with an error
 * @SUBITER_STATE_TIMED_OUT: the iteration ended because no item came in time
 * @SUBITER_STATE_CLOSED: closed for good
 *
 * Where a [class@Subiter.Source] is in its life.
 */
typedef enum
{
  SUBITER_STATE_IDLE,
  SUBITER_STATE_RUNNING,
  SUBITER_STATE_PAUSED,
  SUBITER_STATE_STOPPING,
  SUBITER_STATE_FINISHED,
  SUBITER_STATE_STOPPED,
  SUBITER_STATE_FAILED,
  SUBITER_STATE_TIMED_OUT,
  SUBITER_STATE_CLOSED,
} SubiterState;

/**
 * SubiterInterpreterState:
 * @SUBITER_INTERPRETER_STATE_IDLE: nothing was run on it yet, or what made it failed
 * @SUBITER_INTERPRETER_STATE_LIVE: it has a Python interpreter and a thread
 * @SUBITER_INTERPRETER_STATE_ABANDONED: it had, and they were given up, because code
 *   did not end when told to; what is run next gets new ones
 * @SUBITER_INTERPRETER_STATE_CLOSING: it is being closed
 * @SUBITER_INTERPRETER_STATE_CLOSED: closed for good
 *
 * Where a [class@Subiter.Interpreter] is in its life.
 */
typedef enum
{
  SUBITER_INTERPRETER_STATE_IDLE,
  SUBITER_INTERPRETER_STATE_LIVE,
  SUBITER_INTERPRETER_STATE_ABANDONED,
  SUBITER_INTERPRETER_STATE_CLOSING,
  SUBITER_INTERPRETER_STATE_CLOSED,
} SubiterInterpreterState;

/**
 * SubiterStream:
 * @SUBITER_STREAM_STDOUT: what Python code wrote to `sys.stdout`
 * @SUBITER_STREAM_STDERR: what Python code wrote to `sys.stderr`
 *
 * Which standard stream a piece of captured output was written to.
 */
typedef enum
{
  SUBITER_STREAM_STDOUT = 1,
  SUBITER_STREAM_STDERR = 2,
} SubiterStream;

G_END_DECLS
