/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "progress-bar.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 20
#define DEFAULT_WIDTH 80
/* The rate is that of the last so many updates. */
#define N_SAMPLES 20

typedef struct
{
  gint64 time;
  guint64 n_items;
} Sample;

struct _ProgressBar
{
  int fd;
  gboolean is_shown;
  GString *line;

  /* a ring, the oldest at first_sample once it is full */
  Sample samples[N_SAMPLES];
  guint first_sample;
  guint n_samples;
};

gboolean
progress_bar_is_possible (int fd)
{
  return isatty (fd) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

ProgressBar *
progress_bar_new (int fd)
{
  ProgressBar *self = g_new0 (ProgressBar, 1);

  self->fd = fd;
  self->line = g_string_new (NULL);
  progress_bar_update (self, 0.0, 0, NULL);

  return self;
}

void
progress_bar_free (ProgressBar *self)
{
  progress_bar_hide (self);
  g_string_free (self->line, TRUE);
  g_free (self);
}

static void
write_text (ProgressBar *self,
            const char *text)
{
  gssize ignored = write (self->fd, text, strlen (text));

  (void) ignored;
}

static guint
get_width (ProgressBar *self)
{
  struct winsize size;

  if (ioctl (self->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;

  return DEFAULT_WIDTH;
}

static const Sample *
add_sample (ProgressBar *self,
            guint64 n_items)
{
  Sample sample = { g_get_monotonic_time (), n_items };
  guint place = (self->first_sample + self->n_samples) % N_SAMPLES;

  self->samples[place] = sample;
  if (self->n_samples < N_SAMPLES)
    self->n_samples++;
  else
    self->first_sample = (self->first_sample + 1) % N_SAMPLES;

  return &self->samples[place];
}

/* Items per second. */
static double
get_rate (ProgressBar *self,
          const Sample *newest)
{
  const Sample *oldest = &self->samples[self->first_sample];
  gint64 elapsed = newest->time - oldest->time;

  if (elapsed <= 0 || newest->n_items < oldest->n_items)
    return 0.0;

  return (double) (newest->n_items - oldest->n_items) * G_USEC_PER_SEC / (double) elapsed;
}

static void
append_bar (GString *line,
            double fraction)
{
  guint n_done = (guint) (fraction * BAR_WIDTH);

  g_string_append_c (line, '[');
  for (guint i = 0; i < BAR_WIDTH; i++)
    g_string_append_c (line, i < n_done ? '#' : '-');
  g_string_append_printf (line, "] %3d%%  ", (int) (fraction * 100.0));
}

static guint
get_n_columns (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;

  return g_unichar_iswide (c) ? 2 : 1;
}

/* Adds as much of @text as fits, and nothing that would move the cursor. */
static void
append_clipped (GString *line,
                const char *text,
                guint width)
{
  gboolean is_utf8 = g_get_charset (NULL);
  guint column = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_isprint (c))
        c = ' ';
      else if (!is_utf8 && c > 0x7e)
        c = '?';
      column += get_n_columns (c);
      if (column > width)
        return;
      g_string_append_unichar (line, c);
    }
}

/* Sets what it tells: a @fraction of 0 is one that is not known. */
void
progress_bar_update (ProgressBar *self,
                     double fraction,
                     guint64 n_items,
                     const char *text)
{
  g_autoptr (GString) content = g_string_new (NULL);
  double rate = get_rate (self, add_sample (self, n_items));

  if (fraction > 0.0)
    append_bar (content, fraction);
  g_string_append_printf (content, "%" G_GUINT64_FORMAT " items  %.0f items/s", n_items, rate);
  if (text != NULL)
    g_string_append_printf (content, "  %s", text);

  /* A line that fills the last column wraps on some terminals. */
  g_string_assign (self->line, "\r");
  append_clipped (self->line, content->str, get_width (self) - 1);
  g_string_append (self->line, "\033[K");
}

void
progress_bar_show (ProgressBar *self)
{
  write_text (self, self->line->str);
  self->is_shown = TRUE;
}

void
progress_bar_hide (ProgressBar *self)
{
  if (!self->is_shown)
    return;

  write_text (self, "\r\033[K");
  self->is_shown = FALSE;
}
