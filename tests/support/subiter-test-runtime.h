/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter.h"

G_BEGIN_DECLS

/* A runtime written in C, so that the core's threads can be looked at by
 * sanitizers without Python's noise. It is registered as "test", and runs
 * entry points of a module that is called "test" too:
 *
 *   range (n)              0 … n - 1; an iterable that can be iterated again
 *   generator (n)          the same as a one-shot iterator
 *   forever ()             0, 1, … until it is stopped
 *   gated (n)              0 … n - 1, each once the test has let it through
 *   slow (n, µs)           0 … n - 1 with a pause before each
 *   echo (…)               its arguments, one item each
 *   kinds ()               one item of every kind of value
 *   wait ()                nothing, and ends when it is told to
 *   parting (text)         the same, and writes text to its output then
 *   busy ()                nothing, and ends when it is interrupted
 *   busy_raise ()          nothing, and fails when it is interrupted
 *   swallow (n)            nothing, and ends at the interrupt after n others
 *   stubborn ()            nothing, and ends when the test lets it
 *   fail (n, code)         n items, then an exception with an error code
 *   output (stream, …)     writes the other arguments, no item
 *   chatter (n, stream)    n lines of output, then one item
 *   log (level, …)         logs the other arguments
 *   progress (n)           n reports of progress, an item after each
 *   linger ()              nothing, but its worker does not end before the test
 *                          lets it
 *   leave ()               makes the runtime return without ending the run
 *   setup (), setup_fails ()   for initializers
 *
 * "test-broken" is a runtime that cannot work at all. */
#define SUBITER_TEST_TYPE_RUNTIME (subiter_test_runtime_get_type ())
G_DECLARE_FINAL_TYPE (SubiterTestRuntime, subiter_test_runtime, SUBITER_TEST, RUNTIME, GObject)

#define SUBITER_TEST_TYPE_BROKEN_RUNTIME (subiter_test_broken_runtime_get_type ())
G_DECLARE_FINAL_TYPE (SubiterTestBrokenRuntime, subiter_test_broken_runtime, SUBITER_TEST, BROKEN_RUNTIME, GObject)

typedef enum
{
  /* workers that came and went */
  SUBITER_TEST_ENTERED,
  SUBITER_TEST_LEFT,
  /* workers that asked for something to do, and those that could not be made */
  SUBITER_TEST_READY,
  SUBITER_TEST_BROKEN,
  /* those of them whose port is gone too */
  SUBITER_TEST_PORTS_FREED,
  SUBITER_TEST_INITIALIZERS,
  /* callables called, which is once for an iterable that is kept */
  SUBITER_TEST_CALLS,
  SUBITER_TEST_ITERATIONS,
  SUBITER_TEST_FORGETS,
  SUBITER_TEST_INTERRUPTS,
  /* how often somebody asked where code sits */
  SUBITER_TEST_LOOKS,
  /* items made, and items handed over */
  SUBITER_TEST_MADE,
  SUBITER_TEST_PUSHED,
  /* how often a full ring was met */
  SUBITER_TEST_PARKED,
  SUBITER_TEST_N_COUNTS,
} SubiterTestCount;

void subiter_test_runtime_register (void);
void subiter_test_runtime_reset (void);

int subiter_test_runtime_count (SubiterTestCount count);
/* What the workers did, in order, such as "enter init:setup call:range". */
char *subiter_test_runtime_dup_trace (void);
/* The thread that iterated last. */
GThread *subiter_test_runtime_get_thread (void);

/* How many workers were starting at the same time at most. */
int subiter_test_runtime_get_most_starting (void);

/* Whether workers that start wait with that. */
void subiter_test_runtime_hold (gboolean holds);
/* Lets n more items of gated () through. */
void subiter_test_runtime_permit (int n);
/* Lets every stubborn () and linger () end. */
void subiter_test_runtime_release (void);

/* Makes a value as Python would of something of that type. */
void subiter_test_value_from_variant (SubiterValue *value,
                                      GVariant *variant);

G_END_DECLS
