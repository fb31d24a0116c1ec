/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-run-private.h"

#include "engine-call-private.h"
#include "engine-output-private.h"
#include "engine-stream-private.h"
#include "engine-to-value-private.h"

/* How long a loop in C may keep the GIL, in µs: Python's own switch interval. */
#define SWITCH_INTERVAL 5000
/* How many items go by from one look at the clock to the next. */
#define ITEMS_PER_CLOCK 256

/* Python lets other threads run between two instructions of its own. An
 * iterator in C, such as that of range (), has none, so that its threads and
 * those who interrupt it would wait for as long as there is room. */
typedef struct
{
  guint n_items;
  gint64 since;
} GilTurn;

static void
share_gil (GilTurn *turn)
{
  gint64 now;

  if (++turn->n_items % ITEMS_PER_CLOCK != 0)
    return;

  now = g_get_monotonic_time ();
  if (now - turn->since >= SWITCH_INTERVAL)
    {
      PyEval_RestoreThread (PyEval_SaveThread ());
      turn->since = now;
    }
}

/* Hands a value over, waiting for room with the GIL released. */
static SubiterPush
push_value (SubiterRun *run,
            SubiterValue *value,
            EngineOutcome *outcome)
{
  EnginePins *pins = engine_worker_get_pins (outcome->worker);
  SubiterPush result;

  engine_pins_collect (pins);
  while ((result = subiter_run_try_push (run, value, &outcome->error)) == SUBITER_PUSH_FULL)
    {
      PyThreadState *thread_state = PyEval_SaveThread ();

      subiter_run_wait_for_space (run);
      PyEval_RestoreThread (thread_state);
      engine_pins_collect (pins);
    }

  return result;
}

/* Lets the code clean up now, in its interpreter and of its run, rather than
 * whenever the iterator happens to go. What it raises is lost only if
 * something else was wrong before. */
static void
close_iterator (PyObject *iterator,
                EngineOutcome *outcome)
{
  g_autoptr (PyObject) method = NULL;
  g_autoptr (PyObject) result = NULL;

  /* What was aimed at the loop must not hit the cleaning up. */
  engine_worker_drop_interrupt (outcome->worker);

  if (PyObject_GetOptionalAttrString (iterator, "close", &method) < 0)
    engine_outcome_take_exception (outcome);
  if (method == NULL)
    return;

  result = PyObject_CallNoArgs (method);
  if (result == NULL)
    engine_outcome_take_exception (outcome);
}

/* What next () gave: nothing, for one of three reasons. */
static void
end_of_iteration (EngineOutcome *outcome)
{
  if (!PyErr_Occurred ())
    return;

  if (PyErr_ExceptionMatches (PyExc_StopIteration))
    PyErr_Clear ();
  else
    engine_outcome_take_exception (outcome);
}

static void
push_items (SubiterRun *run,
            PyObject *iterator,
            EngineOutcome *outcome)
{
  iternextfunc next = Py_TYPE (iterator)->tp_iternext;
  GilTurn turn = { 0, g_get_monotonic_time () };

  for (;;)
    {
      PyObject *item = next (iterator);
      gboolean converted;
      SubiterValue value;

      if (item == NULL)
        {
          end_of_iteration (outcome);
          return;
        }

      subiter_value_init (&value);
      converted = engine_value_from_object (&value, item, outcome);
      Py_DECREF (item);
      if (!converted || push_value (run, &value, outcome) != SUBITER_PUSH_DONE)
        {
          subiter_value_clear (&value);
          engine_outcome_locate (outcome, iterator);
          close_iterator (iterator, outcome);
          return;
        }

      share_gil (&turn);
    }
}

static void
iterate (EngineInterpreter *self,
         SubiterRun *run,
         EngineOutcome *outcome)
{
  g_autoptr (PyObject) iterator = engine_stream_open (self, run, outcome);

  if (iterator == NULL)
    return;

  if (subiter_run_is_stopping (run))
    close_iterator (iterator, outcome);
  else
    push_items (run, iterator, outcome);
}

static void
call (EngineInterpreter *self,
      SubiterRun *run,
      EngineOutcome *outcome)
{
  g_autoptr (PyObject) result = engine_call (self, run, outcome);
  SubiterValue value;

  if (result == NULL)
    return;

  subiter_value_init (&value);
  if (!engine_value_from_object (&value, result, outcome)
      || push_value (run, &value, outcome) != SUBITER_PUSH_DONE)
    subiter_value_clear (&value);
}

/* Does what @run asks for, and ends it. */
void
engine_run_serve (EngineInterpreter *self,
                  SubiterRun *run)
{
  EngineOutcome outcome = { .worker = self->worker };

  engine_worker_begin (self->worker, run);
  switch (subiter_run_get_kind (run))
    {
    case SUBITER_RUN_ITERATE:
      iterate (self, run, &outcome);
      break;
    case SUBITER_RUN_FORGET:
      engine_stream_forget (self, run);
      break;
    case SUBITER_RUN_CALL:
      call (self, run, &outcome);
      break;
    default:
      engine_outcome_fail (&outcome, SUBITER_ERROR_RUNTIME,
                           "The subinterpreter runtime does not know this kind of run");
      break;
    }
  engine_pins_collect (engine_worker_get_pins (self->worker));
  engine_output_flush ();
  engine_worker_shield (self->worker);
  engine_worker_end (self->worker);

  if (outcome.error != NULL)
    subiter_run_fail (run, outcome.error);
  else
    subiter_run_finish (run);
}
