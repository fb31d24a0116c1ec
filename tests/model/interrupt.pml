/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Threads that come to a worker because of a run: to aim an exception at its code, or to
 * look at its stack (engine-worker.c, and of engine-stack.c the visit). They need the
 * interpreter's GIL, which the worker has except while it waits, and the interpreter,
 * which the worker ends. */

#define N_RUNS 2
#define NONE N_RUNS

/* threads of the reaper that interrupt, and inspections */
#ifndef INTERRUPTERS
#define INTERRUPTERS 0
#endif
#ifndef VISITORS
#define VISITORS 0
#endif

/* the GIL */
bit gil = 1;
/* EngineWorker.lock */
byte current = NONE;
bit interruptible, interrupting;
byte n_visits;
/* the worker's thread state: the exception set by PyThreadState_SetAsyncExc () */
byte aimed_at = NONE;
/* what the exceptions of a run may hit: it is its own code */
byte code_of = NONE;
/* whose frames are on its stack */
byte stack_of = NONE;
byte n_over;
/* how many threads have a state of the interpreter, besides the worker: it must not
 * end with them */
byte n_attached;
bit is_gone;

#define take_gil() atomic { !gil -> gil = 1 }

/* PyThreadState_New () and what follows, and PyThreadState_DeleteCurrent () */
#define attach() \
  atomic { assert (!is_gone); n_attached++ }; \
  take_gil (); \
  assert (!is_gone)
#define detach() \
  atomic { n_attached--; gil = 0 }

inline drop_interrupt ()
{
#ifndef NO_DROP
  aimed_at = NONE
#else
  skip
#endif
}

/* Python code runs, lets others have the GIL, and an exception lands. */
inline code ()
{
  do
  :: atomic { gil = 0 };
     take_gil ()
  :: atomic {
       aimed_at != NONE ->
       assert (aimed_at == code_of);
       aimed_at = NONE
     };
     break
  :: break
  od
}

/* engine_worker_shield () */
inline shield ()
{
#ifdef SHIELD_LOOKS_FIRST
  waits = interrupting;
  interruptible = 0;
#else
  atomic {
    interruptible = 0;
    waits = interrupting
  };
#endif
#ifndef SHIELD_DOES_NOT_WAIT
  if
  :: waits ->
#ifndef SHIELD_KEEPS_GIL
     gil = 0;
#endif
     !interrupting;
#ifndef SHIELD_KEEPS_GIL
     take_gil ();
#endif
     waits = 0
  :: else
  fi;
#else
  waits = 0;
#endif
  drop_interrupt ()
}

/* engine_run_serve () */
active proctype worker ()
{
  byte run_number;
  bit waits;
#ifdef LOOKS_FOR_VISITS_FIRST
  bit had_visits;
#endif

  do
  :: run_number < N_RUNS ->
     /* engine_worker_begin () */
     aimed_at = NONE;
     code_of = run_number;
     stack_of = run_number;
     atomic { current = run_number; interruptible = 1 };
     code ();
     shield ();
#ifdef LOOKS_FOR_VISITS_FIRST
     had_visits = (n_visits > 0);
#endif
     if
     /* What is looked up between is of no run. */
     :: code_of = NONE;
        code ();
        code_of = run_number;
        /* engine_worker_unshield () */
        atomic { interruptible = (current != NONE) };
        code ();
        shield ()
     :: skip
     fi;
     /* engine_worker_end () */
     atomic {
       current = NONE;
#ifdef LOOKS_FOR_VISITS_FIRST
       waits = (VISITORS > 0 && had_visits);
       had_visits = 0
#else
       waits = (n_visits > 0)
#endif
     };
#ifdef END_DOES_NOT_WAIT
     waits = 0;
#endif
     if
     :: waits ->
#ifndef END_KEEPS_GIL
        gil = 0;
#endif
        n_visits == 0;
#ifndef END_KEEPS_GIL
        take_gil ();
#endif
        waits = 0
     :: else
     fi;
     code_of = NONE;
     stack_of = NONE;
     code ();
     run_number++;
     n_over++
  :: else -> break
  od;
  /* engine_interpreter_end () */
  atomic {
    assert (n_attached == 0);
    is_gone = 1;
    gil = 0
  }
}

#if INTERRUPTERS > 0

/* engine_worker_interrupt (), of a run that need not be at work */
active [INTERRUPTERS] proctype interrupter ()
{
  byte target;

  if
  :: target = 0
  :: target = 1
  fi;
  do
  :: n_over > target -> break
  :: n_over <= target ->
     atomic {
#ifndef INTERRUPT_TOGETHER
       !interrupting;
#endif
       if
#ifdef INTERRUPT_ANY_RUN
       :: interruptible ->
#else
       :: interruptible && current == target ->
#endif
          interrupting = 1
       :: else -> goto over
       fi
     };
     /* aim_exception () */
     attach ();
     aimed_at = target;
     detach ();
     interrupting = 0;
over:
     skip
  od
}
#endif

#if VISITORS > 0
/* engine_stack_dup (), of a run that need not be at work, with visit_main (): who asked
 * waits for a while, and then looks from outside, which needs nothing of the worker */
active [VISITORS] proctype visitor ()
{
  byte target;

  if
  :: target = 0
  :: target = 1
  fi;
  do
  :: n_over > target -> break
  :: n_over <= target ->
     /* engine_worker_begin_visit () */
     atomic {
       if
#ifdef VISIT_ANY_RUN
       :: skip ->
#else
       :: current == target ->
#endif
#ifndef VISIT_IS_NOT_COUNTED
          n_visits++
#endif
       :: else -> goto left
       fi
     };
#ifdef VISIT_ENDS_EARLY
     n_visits--;
#endif
     attach ();
     /* collect_frames () */
     assert (stack_of == target);
     detach ();
     /* engine_worker_end_visit () */
#if !defined (VISIT_IS_NOT_COUNTED) && !defined (VISIT_ENDS_EARLY)
     n_visits--;
#endif
left:
     skip
  od
}
#endif
