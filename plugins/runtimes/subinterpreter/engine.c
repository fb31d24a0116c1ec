/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-abi-private.h"
#include "engine-obstacle-private.h"
#include "engine-run-private.h"
#include "engine-stack-private.h"

static void
worker_unref (gpointer worker)
{
  engine_worker_unref (worker);
}

/* The application has let go of objects while there was nothing else to do. */
static void
collect_pins (SubiterPort *port,
              gpointer data)
{
  EngineInterpreter *interpreter = data;

  /* As in receive (). */
  engine_worker_take_obstacle (interpreter->worker, g_strdup (ENGINE_OBSTACLE_DEAF));
  PyEval_RestoreThread (interpreter->thread_state);
  engine_worker_take_obstacle (interpreter->worker, NULL);
  engine_pins_collect (engine_worker_get_pins (interpreter->worker));
  PyEval_SaveThread ();
}

static SubiterRun *
receive (SubiterPort *port,
         EngineWorker *worker)
{
  PyThreadState *thread_state = PyEval_SaveThread ();
  SubiterRun *run = subiter_port_receive (port);

  /* A thread that was left behind may have the GIL, and keep it. */
  if (run == NULL)
    engine_worker_take_obstacle (worker, g_strdup (ENGINE_OBSTACLE_DEAF));
  PyEval_RestoreThread (thread_state);

  return run;
}

static gboolean
engine_run (SubiterPort *port,
            GError **error)
{
  EngineWorker *worker = engine_worker_new (port);
  EngineInterpreter *interpreter;
  SubiterRun *run;

  /* The port has the reference, and outlives this function. */
  subiter_port_set_data (port, worker, worker_unref);

  interpreter = engine_interpreter_new (port, worker, error);
  if (interpreter == NULL)
    return FALSE;

  subiter_port_set_chore (port, collect_pins, interpreter);
  while ((run = receive (port, worker)) != NULL)
    {
      engine_interpreter_use (interpreter);
      engine_run_serve (interpreter, run);
      subiter_run_unref (run);
    }
  engine_interpreter_end (interpreter);

  return TRUE;
}

static gboolean
engine_interrupt (SubiterPort *port,
                  SubiterRun *run,
                  SubiterInterrupt how)
{
  EngineWorker *worker = subiter_port_get_data (port);

  switch (how)
    {
    case SUBITER_INTERRUPT_RAISE:
      return worker != NULL && engine_worker_interrupt (worker, run);
    case SUBITER_INTERRUPT_KILL:
    default:
      /* A thread cannot be killed. */
      return FALSE;
    }
}

SUBITER_AVAILABLE_IN_ALL
const SubiterPythonEngine subiter_engine;

const SubiterPythonEngine subiter_engine = {
  .abi = SUBITER_PYTHON_ENGINE_ABI,
  .python_version = PY_MAJOR_VERSION * 100 + PY_MINOR_VERSION,
  .run = engine_run,
  .interrupt = engine_interrupt,
  .dup_stack = engine_stack_dup,
};
