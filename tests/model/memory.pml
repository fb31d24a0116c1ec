/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory as threads see it. A store waits in the thread's own buffer until it is
 * written to memory, any time later and in the order of the stores. Others see
 * memory only. So a load may overtake earlier stores, as on x86; here it may
 * overtake even an unlock, which on x86 it may not and in C11 it may.
 *
 * relaxed, release store    into the buffer: what was stored before comes before it
 * relaxed, acquire load     from memory; where C lets two loads change places, the
 *                           model does them in both orders
 * relaxed exchange          on memory, and the buffer stays as it is
 * acq_rel, seq_cst exchange on memory, once the buffer is empty
 * full fence                waits until the buffer is empty
 * lock                      an exchange that is acquire only: the buffer stays
 * unlock                    a release store
 *
 * What a lock guards is plain variables: nobody else looks at them. */

byte memory[N_LOCATIONS];
chan buffer[N_THREADS] = [4] of { byte, byte };

#define load(location) memory[location]
#define store(location, value) buffer[me]!location,value
#define drained() empty (buffer[me])
#define fence() drained ()

/* The parts of a step that happen at once begin with this. */
#define exchange(old, location, value) \
  old = memory[location]; \
  memory[location] = value

#define lock(mutex) atomic { memory[mutex] == 0 -> memory[mutex] = 1 }
#define unlock(mutex) store (mutex, 0)

/* A critical section in which nothing is done but to plain variables, as one
 * step: nobody could see a part of it. */
#define locked(mutex) memory[mutex] == 0

/* A thread enters the list of those that wait before the mutex goes, and is taken
 * from it by a signal. No wakeup is spurious, or no lost one could be found. */
bit waits[N_THREADS];

inline cond_wait (mutex)
{
  atomic { waits[me] = 1; unlock (mutex) };
  waits[me] == 0;
  lock (mutex)
}

active proctype write_back ()
{
  byte location, value;

end_idle:
  do
  :: d_step { buffer[0]?location,value -> memory[location] = value; location = 0; value = 0 }
#if N_THREADS > 1
  :: d_step { buffer[1]?location,value -> memory[location] = value; location = 0; value = 0 }
#endif
#if N_THREADS > 2
  :: d_step { buffer[2]?location,value -> memory[location] = value; location = 0; value = 0 }
#endif
#if N_THREADS > 3
  :: d_step { buffer[3]?location,value -> memory[location] = value; location = 0; value = 0 }
#endif
  od
}
