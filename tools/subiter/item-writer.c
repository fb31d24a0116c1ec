/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "item-writer.h"

#include <glib-unix.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many bytes may wait for the end of a burst of items. */
#define ENOUGH (64 * 1024)

struct _ItemWriter
{
  int fd;
  gsize max_write;
  ItemWriterFuncs funcs;
  gpointer user_data;

  GString *buffer;
  gsize n_written;
  gboolean is_blocked;
  gboolean has_failed;
  /* one of them at most */
  guint idle_id;
  guint watch_id;
};

/* A pipe that is said to be writable takes this much without blocking. */
static gsize
get_max_write (int fd)
{
  struct stat info;

  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    return ENOUGH;

  return PIPE_BUF;
}

ItemWriter *
item_writer_new (int fd,
                 const ItemWriterFuncs *funcs,
                 gpointer user_data)
{
  ItemWriter *self = g_new0 (ItemWriter, 1);

  self->fd = fd;
  self->max_write = get_max_write (fd);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->buffer = g_string_sized_new (ENOUGH + 1024);

  return self;
}

void
item_writer_free (ItemWriter *self)
{
  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_clear_handle_id (&self->watch_id, g_source_remove);
  g_string_free (self->buffer, TRUE);
  g_free (self);
}

gboolean
item_writer_is_drained (ItemWriter *self)
{
  return self->n_written == self->buffer->len;
}

static void
fail (ItemWriter *self,
      int error_number)
{
  self->has_failed = TRUE;
  g_string_truncate (self->buffer, 0);
  self->n_written = 0;
  self->funcs.failed (error_number, self->user_data);
}

/* FALSE if the reader has to catch up first, or there is none any more. */
static gboolean
write_some (ItemWriter *self)
{
  struct pollfd poll_fd = { .fd = self->fd, .events = POLLOUT };
  gsize n_left = self->buffer->len - self->n_written;
  gssize n_written;

  if (poll (&poll_fd, 1, 0) <= 0)
    return FALSE;

  n_written = write (self->fd, self->buffer->str + self->n_written, MIN (n_left, self->max_write));
  if (n_written < 0)
    {
      if (errno == EINTR)
        return TRUE;
      if (errno != EAGAIN)
        fail (self, errno);
      return FALSE;
    }
  self->n_written += (gsize) n_written;

  return TRUE;
}

static gboolean
watch_cb (int fd,
          GIOCondition condition,
          gpointer user_data)
{
  ItemWriter *self = user_data;

  item_writer_write (self);

  return self->watch_id != 0;
}

/* Sees to it that what is left is written once that is possible. */
static void
set_blocked (ItemWriter *self,
             gboolean is_blocked)
{
  if (self->is_blocked == is_blocked)
    return;

  self->is_blocked = is_blocked;
  if (is_blocked)
    self->watch_id = g_unix_fd_add (self->fd, G_IO_OUT, watch_cb, self);
  else
    g_clear_handle_id (&self->watch_id, g_source_remove);
  self->funcs.blocked_changed (is_blocked, self->user_data);
}

/* Writes as much as is possible now. */
void
item_writer_write (ItemWriter *self)
{
  g_clear_handle_id (&self->idle_id, g_source_remove);
  if (item_writer_is_drained (self))
    return;

  self->funcs.before_write (self->user_data);
  while (!item_writer_is_drained (self) && write_some (self))
    ;
  if (item_writer_is_drained (self))
    {
      g_string_truncate (self->buffer, 0);
      self->n_written = 0;
    }
  self->funcs.after_write (self->user_data);

  set_blocked (self, !item_writer_is_drained (self));
  if (item_writer_is_drained (self))
    self->funcs.drained (self->user_data);
}

static gboolean
idle_cb (gpointer user_data)
{
  ItemWriter *self = user_data;

  self->idle_id = 0;
  item_writer_write (self);

  return G_SOURCE_REMOVE;
}

/* Where to add the text of a line. */
GString *
item_writer_begin_line (ItemWriter *self)
{
  return self->buffer;
}

/* Ends the line. It is written when enough have come, or at the end of the
 * burst: what comes slowly is seen at once. */
void
item_writer_end_line (ItemWriter *self)
{
  g_string_append_c (self->buffer, '\n');

  if (self->has_failed)
    g_string_truncate (self->buffer, 0);
  else if (self->is_blocked)
    return;
  else if (self->buffer->len >= ENOUGH)
    item_writer_write (self);
  else if (self->idle_id == 0)
    self->idle_id = g_idle_add_full (G_PRIORITY_LOW, idle_cb, self, NULL);
}
