/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Writes lines to a file descriptor without ever blocking the main loop, as
 * far as the kind of file allows. */
typedef struct _ItemWriter ItemWriter;

typedef struct
{
  /* whether the reader keeps up: no more lines should come until it does */
  void (*blocked_changed) (gboolean is_blocked,
                           gpointer user_data);
  /* around each time that something is written */
  void (*before_write) (gpointer user_data);
  void (*after_write) (gpointer user_data);
  /* everything has been written */
  void (*drained) (gpointer user_data);
  /* nothing can be written any more, and what waited is dropped */
  void (*failed) (int error_number,
                  gpointer user_data);
} ItemWriterFuncs;

ItemWriter *item_writer_new (int fd,
                             const ItemWriterFuncs *funcs,
                             gpointer user_data);
void item_writer_free (ItemWriter *self);

GString *item_writer_begin_line (ItemWriter *self);
void item_writer_end_line (ItemWriter *self);
gboolean item_writer_is_drained (ItemWriter *self);
void item_writer_write (ItemWriter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ItemWriter, item_writer_free)

G_END_DECLS
