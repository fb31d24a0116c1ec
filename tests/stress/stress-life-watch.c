/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-life.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* No operation takes this long on any machine, in s. */
#define FAILSAFE 120
#define N_ENTRIES 48
#define N_JOURNALS 16

typedef struct
{
  gint64 time;
  const char *what;
  guint life;
  gint64 detail;
} Entry;

struct _LifeJournal
{
  const char *name;
  /* since when the thread is at its operation (monotonic, µs); 0: at none */
  _Atomic gint64 since;
  /* written by the thread alone, and read when all is lost */
  const char *operation;
  guint n_entries;
  Entry entries[N_ENTRIES];
};

static LifeJournal journals[N_JOURNALS];
static _Atomic int n_journals;
static _Thread_local LifeJournal *own_journal;

static GMutex watch_lock;
static GCond watch_ends;
/* watch_lock */
static gboolean is_watching;
static GThread *watch_thread;
static void (*watch_dump) (void);

void
life_journal_open (const char *name)
{
  int index = atomic_fetch_add (&n_journals, 1);

  g_assert_cmpint (index, <, N_JOURNALS);
  own_journal = &journals[index];
  own_journal->name = name;
}

void
life_journal_note (const char *what,
                   guint life,
                   gint64 detail)
{
  Entry *entry;

  if (own_journal == NULL)
    return;

  entry = &own_journal->entries[own_journal->n_entries++ % N_ENTRIES];
  *entry = (Entry) { g_get_monotonic_time (), what, life, detail };
}

void
life_journal_operation (const char *what,
                        guint life,
                        gint64 detail)
{
  /* One that goes on is one entry. */
  if (what != NULL && (own_journal == NULL || what != own_journal->operation))
    life_journal_note (what, life, detail);
  if (own_journal != NULL)
    own_journal->operation = what;
  if (own_journal != NULL)
    atomic_store (&own_journal->since, what != NULL ? g_get_monotonic_time () : 0);
}

static void
print_journals (gint64 now)
{
  for (int i = 0; i < atomic_load (&n_journals); i++)
    {
      const LifeJournal *journal = &journals[i];
      guint n = MIN (journal->n_entries, N_ENTRIES);

      g_printerr ("# thread %s, the last %u of %u entries:\n", journal->name, n, journal->n_entries);
      for (guint j = journal->n_entries - n; j < journal->n_entries; j++)
        {
          const Entry *entry = &journal->entries[j % N_ENTRIES];

          g_printerr ("#   %7.3f s ago: %s, source %u, %" G_GINT64_FORMAT "\n",
                      (double) (now - entry->time) / G_TIME_SPAN_SECOND, entry->what, entry->life, entry->detail);
        }
    }
}

/* An assertion has failed: how it came to that. */
static void
on_abort (int number)
{
  signal (SIGABRT, SIG_DFL);
  alarm (10);
  print_journals (g_get_monotonic_time ());
  watch_dump ();
  abort ();
}

static void
check_journals (void)
{
  gint64 now = g_get_monotonic_time ();

  for (int i = 0; i < atomic_load (&n_journals); i++)
    {
      gint64 since = atomic_load (&journals[i].since);

      if (since == 0 || now - since < FAILSAFE * G_TIME_SPAN_SECOND)
        continue;

      /* Who has a lock for ever makes the rest hang too. */
      alarm (10);
      g_printerr ("# The thread %s has been at one operation for %d s\n", journals[i].name, FAILSAFE);
      on_abort (SIGABRT);
    }
}

static gpointer
watch_main (gpointer data)
{
  subiter_lock (&watch_lock);
  while (is_watching)
    {
      subiter_cond_wait_until (&watch_ends, &watch_lock, g_get_monotonic_time () + G_TIME_SPAN_SECOND);
      check_journals ();
    }
  subiter_unlock (&watch_lock);

  return NULL;
}

void
life_watch_begin (void (*dump) (void))
{
  watch_dump = dump;
  signal (SIGABRT, on_abort);
  is_watching = TRUE;
  watch_thread = g_thread_new ("watchdog", watch_main, NULL);
}

void
life_watch_end (void)
{
  subiter_lock (&watch_lock);
  is_watching = FALSE;
  g_cond_signal (&watch_ends);
  subiter_unlock (&watch_lock);
  g_thread_join (g_steal_pointer (&watch_thread));
  signal (SIGABRT, SIG_DFL);
}

/* (transfer full): the names of the threads. */
static GPtrArray *
list_threads (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;

  g_assert_nonnull (dir);
  while ((id = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", id, "comm", NULL);
      char *name = NULL;

      /* It may be gone by now. */
      if (g_file_get_contents (path, &name, NULL, NULL))
        g_ptr_array_add (names, g_strchomp (name));
    }

  return names;
}

guint
life_count_threads (void)
{
  g_autoptr (GPtrArray) names = list_threads ();

  return names->len;
}

guint
life_count_other_threads (void)
{
  g_autoptr (GPtrArray) names = list_threads ();
  guint n = 0;

  for (guint i = 0; i < names->len; i++)
    n += !g_str_has_prefix (names->pdata[i], "subiter");

  return n;
}

void
life_print_threads (void)
{
  g_autoptr (GPtrArray) names = list_threads ();

  for (guint i = 0; i < names->len; i++)
    g_printerr ("# there is a thread “%s”\n", (char *) names->pdata[i]);
}
