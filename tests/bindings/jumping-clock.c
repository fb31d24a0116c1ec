/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* To be preloaded: every clock but the monotonic ones is an hour later at each look,
 * as after a machine that was suspended wakes up, or somebody sets the time. */

#include <dlfcn.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define HOUR 3600

typedef int (*GetTimeFunc) (clockid_t clock, struct timespec *time);

/* The declarations, which the C library's own say are never NULL and such. */
int clock_gettime (clockid_t clock, struct timespec *result);
time_t time (time_t *result);

static _Atomic long n_looks;

int
clock_gettime (clockid_t clock,
               struct timespec *result)
{
  static GetTimeFunc real;
  int status;

  if (real == NULL)
    {
      void *symbol = dlsym (RTLD_NEXT, "clock_gettime");

      memcpy (&real, &symbol, sizeof real);
    }

  status = real (clock, result);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_BOOTTIME || clock == CLOCK_TAI)
    result->tv_sec += HOUR * ++n_looks;

  return status;
}

time_t
time (time_t *result)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (result != NULL)
    *result = now.tv_sec;

  return now.tv_sec;
}

int
gettimeofday (struct timeval *restrict result,
              void *restrict zone)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  result->tv_sec = now.tv_sec;
  result->tv_usec = now.tv_nsec / 1000;

  return 0;
}
