/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-run-private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* What a run tells its consumer beside its items: progress, output, messages. */

/**
 * subiter_run_set_progress:
 * @run: a run
 * @fraction: how much is done, from 0 to 1
 * @text: (nullable): what is being done
 *
 * Tells how far the run is. Only the newest report is kept for the consumer.
 * This may be called from any thread.
 */
void
subiter_run_set_progress (SubiterRun *run,
                          double fraction,
                          const char *text)
{
  g_return_if_fail (run != NULL);

  subiter_lock (&run->lock);
  /* not CLAMP (), which lets NaN through */
  run->progress = fraction > 0.0 ? MIN (fraction, 1.0) : 0.0;
  g_set_str (&run->progress_text, text);
  run->progress_changed = TRUE;
  subiter_unlock (&run->lock);

  subiter_wakeup_notify (run->wakeup);
}

/* FALSE if there is nothing new. */
gboolean
subiter_run_take_progress (SubiterRun *run,
                           double *fraction,
                           char **text)
{
  gboolean changed;

  subiter_lock (&run->lock);
  changed = run->progress_changed;
  if (changed)
    {
      *fraction = run->progress;
      *text = g_strdup (run->progress_text);
      run->progress_changed = FALSE;
    }
  subiter_unlock (&run->lock);

  return changed;
}

static void
push_event (SubiterRun *run,
            SubiterEventKind kind,
            SubiterStream stream,
            GLogLevelFlags level,
            const char *text,
            gsize length)
{
  subiter_event_queue_push (&run->events, kind, stream, level, text, length);
  subiter_wakeup_notify (run->wakeup);
}

SubiterEventQueue *
subiter_run_get_events (SubiterRun *run)
{
  return &run->events;
}

static void
write_all (int fd,
           const char *data,
           gsize length)
{
  while (length > 0)
    {
      gssize n_written = write (fd, data, length);

      if (n_written < 0)
        {
          struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

          if (errno == EINTR)
            continue;
          if (errno != EAGAIN || poll (&poll_fd, 1, -1) < 0)
            return;
          continue;
        }
      data += n_written;
      length -= (gsize) n_written;
    }
}

/**
 * subiter_run_write_output:
 * @run: a run
 * @stream: which stream it was written to
 * @data: (array length=length) (element-type guint8): what was written
 * @length: how many bytes
 *
 * Hands over what the Python code wrote to its standard output or standard
 * error. This may be called from any thread; it blocks while a lot of output
 * waits for the consumer, so nothing that others wait for may be held.
 */
void
subiter_run_write_output (SubiterRun *run,
                          SubiterStream stream,
                          const char *data,
                          gsize length)
{
  g_return_if_fail (run != NULL);

  if (length == 0)
    return;

  if (atomic_load_explicit (&run->forward_output, memory_order_relaxed))
    write_all (stream == SUBITER_STREAM_STDERR ? STDERR_FILENO : STDOUT_FILENO, data, length);
  else
    push_event (run, SUBITER_EVENT_OUTPUT, stream, 0, data, length);
}

/**
 * subiter_run_log:
 * @run: a run
 * @level: the level
 * @message: the message
 *
 * Hands over a message that is logged, in the domain `Subiter`, in the main
 * context of the consumer: an application's log handler does not expect to be
 * called on a worker's thread. This may be called from any thread; it blocks as
 * [method@Subiter.Run.write_output] does.
 */
void
subiter_run_log (SubiterRun *run,
                 GLogLevelFlags level,
                 const char *message)
{
  g_return_if_fail (run != NULL);
  g_return_if_fail (message != NULL);

  push_event (run, SUBITER_EVENT_LOG, 0, level, message, strlen (message));
}
