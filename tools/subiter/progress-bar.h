/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One line at the end of a terminal. */
typedef struct _ProgressBar ProgressBar;

gboolean progress_bar_is_possible (int fd);
ProgressBar *progress_bar_new (int fd);
void progress_bar_free (ProgressBar *self);

void progress_bar_update (ProgressBar *self,
                          double fraction,
                          guint64 n_items,
                          const char *text);
void progress_bar_show (ProgressBar *self);
void progress_bar_hide (ProgressBar *self);

G_END_DECLS
