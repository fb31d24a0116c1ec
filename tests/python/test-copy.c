/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "leftover-support.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Memory of Python objects that the application looks at, without a copy: what is shared,
 * that it never changes, and that it is given back to its own interpreter, whoever lets go
 * of it and when. */

typedef struct
{
  SubiterInterpreter *interpreter;
  gboolean closed;
  GError *close_error;
} Fixture;

static SubiterSource *
source_new (Fixture *fixture,
            const char *function,
            GVariant *args)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "modules", NULL);
  const char *const path[] = { folder, NULL };
  g_autofree char *entry_point = g_strconcat ("copies:", function, NULL);
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;
  g_autoptr (GError) error = NULL;

  callable = subiter_callable_new_for_entry_point (entry_point, &error);
  g_assert_no_error (error);
  bound = subiter_callable_bind (callable, args, NULL, &error);
  g_assert_no_error (error);

  return g_object_new (SUBITER_TYPE_SOURCE, "callable", bound, "interpreter", fixture->interpreter, "python-path",
                       path, NULL);
}

static void
fixture_init (Fixture *fixture)
{
  memset (fixture, 0, sizeof *fixture);
  fixture->interpreter = subiter_interpreter_new (NULL);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Fixture *fixture = user_data;

  subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &fixture->close_error);
  fixture->closed = TRUE;
}

static void
fixture_close (Fixture *fixture)
{
  subiter_interpreter_close_async (fixture->interpreter, NULL, on_closed, fixture);
  wait_for (fixture->closed);
  g_assert_no_error (fixture->close_error);
}

static void
fixture_clear (Fixture *fixture)
{
  if (!fixture->closed)
    fixture_close (fixture);
  g_object_unref (fixture->interpreter);
}

static GVariant *
next (SubiterSource *source)
{
  g_autoptr (GError) error = NULL;
  GVariant *item = subiter_source_next (source, NULL, &error);

  g_assert_no_error (error);

  return item;
}

/* What is left when an interpreter has gone: one round, and the reaper stays for a while. */
static void
take_baseline (Census *census)
{
  Fixture fixture;
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (GVariant) item = NULL;

  fixture_init (&fixture);
  source = source_new (&fixture, "one_bytes", g_variant_new ("(i)", 1));
  item = next (source);
  g_assert_null (next (source));
  fixture_clear (&fixture);
  census_take (census);
  census->n_interpreters = 1;
}

/* The last member, all the way down to an array of numbers. */
static GVariant *
get_buffer (GVariant *item)
{
  GVariant *variant = g_variant_ref (item);

  while (!g_variant_type_is_array (g_variant_get_type (variant))
         || !g_variant_type_is_basic (g_variant_type_element (g_variant_get_type (variant))))
    {
      GVariant *member = g_variant_get_child_value (variant, g_variant_n_children (variant) - 1);

      g_variant_unref (variant);
      variant = member;
    }

  return variant;
}

typedef struct
{
  const char *name;
  const char *type;
  gboolean is_shared;
} Kind;

static const Kind kinds[] = {
  { "a_bytes", "ay", TRUE },
  { "a_small_bytes", "ay", FALSE },
  { "the_least_bytes", "ay", TRUE },
  { "a_bytes_subclass", "ay", TRUE },
  { "a_kept_bytes", "ay", TRUE },
  { "a_bytearray", "ay", TRUE },
  { "a_kept_bytearray", "ay", FALSE },
  { "a_bytearray_subclass", "ay", FALSE },
  { "an_array", "ai", TRUE },
  { "a_kept_array", "ai", FALSE },
  { "an_array_with_a_weak_reference", "ai", FALSE },
  { "an_array_of_float", "ad", FALSE },
  { "an_array_of_double", "ad", TRUE },
  { "a_view_of_bytes", "ay", TRUE },
  { "a_view_of_booleans", "ab", FALSE },
  { "a_view_of_numbers", "ad", TRUE },
  { "a_view_of_bytearray", "ay", TRUE },
  { "a_view_of_kept_bytearray", "ay", FALSE },
  { "one_of_two_views", "ay", FALSE },
  { "a_read_only_view", "ay", TRUE },
  { "a_ctypes_array", "ay", FALSE },
  { "a_read_only_view_of_ctypes", "ay", TRUE },
  { "an_exporter", "ay", TRUE },
  { "an_exporter_that_may_change", "ay", FALSE },
  { "in_a_tuple", "ay", TRUE },
  { "in_a_kept_tuple", "ay", FALSE },
  { "in_a_list", "ay", TRUE },
  { "in_a_kept_list", "ay", FALSE },
  { "in_a_dict", "ay", TRUE },
  { "in_a_kept_dict", "ay", FALSE },
  { "deep_down", "ai", TRUE },
  { "deep_down_in_a_kept_one", "ai", FALSE },
};

static void
test_kind (gconstpointer data)
{
  const Kind *kind = data;
  Fixture fixture;
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (GVariant) address = NULL;
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GVariant) buffer = NULL;

  fixture_init (&fixture);
  source = source_new (&fixture, "one", g_variant_new ("(s)", kind->name));
  address = next (source);
  item = next (source);
  buffer = get_buffer (item);
  g_assert_cmpstr (g_variant_get_type_string (buffer), ==, kind->type);
  if (kind->is_shared)
    g_assert_cmphex ((guintptr) g_variant_get_data (buffer), ==, (guintptr) g_variant_get_int64 (address));
  else
    g_assert_cmphex ((guintptr) g_variant_get_data (buffer), !=, (guintptr) g_variant_get_int64 (address));
  g_assert_null (next (source));
  g_clear_pointer (&buffer, g_variant_unref);
  g_clear_pointer (&item, g_variant_unref);
  fixture_clear (&fixture);
}

/* With an item-type that has the buffer in it. */
static void
test_typed (gconstpointer data)
{
  const Kind *kind = data;
  g_autofree char *type = g_strdup_printf ("(x%s)", kind->type);
  Fixture fixture;
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (GVariant) item = NULL;
  g_autoptr (GVariant) buffer = NULL;
  gint64 address;

  fixture_init (&fixture);
  source = source_new (&fixture, "typed", g_variant_new ("(s)", kind->name));
  subiter_source_set_item_type (source, G_VARIANT_TYPE (type));
  item = next (source);
  g_assert_cmpstr (g_variant_get_type_string (item), ==, type);
  g_variant_get_child (item, 0, "x", &address);
  buffer = g_variant_get_child_value (item, 1);
  g_assert_cmpint ((guintptr) g_variant_get_data (buffer) == (guintptr) address, ==, kind->is_shared);
  g_clear_pointer (&buffer, g_variant_unref);
  g_clear_pointer (&item, g_variant_unref);
  fixture_clear (&fixture);
}

/* No item changes after it was yielded. */
static void
test_refilled (void)
{
  Fixture fixture;
  g_autoptr (SubiterSource) source = NULL;
  GVariant *items[8];

  fixture_init (&fixture);
  source = source_new (&fixture, "refilled", g_variant_new ("(i)", (int) G_N_ELEMENTS (items)));
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    items[i] = next (source);
  g_assert_null (next (source));
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      const guint8 *data = g_variant_get_data (items[i]);

      for (gsize j = 0; j < g_variant_get_size (items[i]); j++)
        g_assert_cmpuint (data[j], ==, i);
      g_variant_unref (items[i]);
    }
  fixture_clear (&fixture);
}

/* All that is written into the pipe until @n were. */
static char *
read_marks (int fd,
            guint n)
{
  GString *text = g_string_new (NULL);

  while (text->len < n)
    {
      char c;

      g_assert_cmpint (read (fd, &c, 1), ==, 1);
      g_string_append_c (text, c);
    }

  return g_string_free_and_steal (text);
}

static gpointer
unref_main (gpointer data)
{
  g_variant_unref (data);

  return NULL;
}

/* The worker has nothing to do, and nobody asks it to: what is let go of is given back
 * all the same, on its thread. */
static void
test_idle (gconstpointer data)
{
  gboolean is_nested = GPOINTER_TO_INT (data);
  Fixture fixture;
  g_autoptr (SubiterSource) source = NULL;
  GVariant *items[6];
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  fixture_init (&fixture);
  source = source_new (&fixture, "tracked", g_variant_new ("(iib)", ends[1], (int) G_N_ELEMENTS (items), is_nested));
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    items[i] = next (source);
  g_assert_null (next (source));

  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *marks = NULL;

      if (i % 2 == 0)
        g_variant_unref (items[i]);
      else
        g_thread_join (g_thread_new ("other", unref_main, items[i]));
      marks = read_marks (ends[0], 2);
      g_assert_cmpstr (marks, ==, "+-");
    }
  fixture_clear (&fixture);
  close (ends[0]);
  close (ends[1]);
}

/* It is at its code, and gets there when it is over. */
static void
test_busy (void)
{
  Fixture fixture;
  g_autoptr (SubiterSource) source = NULL;
  g_autofree char *produced = NULL;
  g_autofree char *marks = NULL;
  GVariant *items[6];
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  fixture_init (&fixture);
  source = source_new (&fixture, "tracked_then_wait", g_variant_new ("(ii)", ends[1], (int) G_N_ELEMENTS (items)));
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    items[i] = next (source);
  produced = read_marks (ends[0], 1);
  g_assert_cmpstr (produced, ==, ".");
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    g_variant_unref (items[i]);
  subiter_source_stop (source);
  marks = read_marks (ends[0], 12);
  g_assert_null (strchr (marks, '!'));
  fixture_clear (&fixture);
  close (ends[0]);
  close (ends[1]);
}

/* What nobody took is given back too. */
static void
test_unread (void)
{
  Fixture fixture;
  SubiterSource *source;
  g_autofree char *produced = NULL;
  g_autofree char *marks = NULL;
  GVariant *item;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  fixture_init (&fixture);
  source = source_new (&fixture, "tracked_then_wait", g_variant_new ("(ii)", ends[1], 20));
  subiter_source_set_buffer_size (source, 32);
  item = next (source);
  produced = read_marks (ends[0], 1);
  g_assert_cmpstr (produced, ==, ".");
  g_variant_unref (item);
  subiter_source_stop (source);
  wait_for (subiter_source_get_state (source) != SUBITER_STATE_RUNNING);
  g_object_unref (source);
  marks = read_marks (ends[0], 40);
  g_assert_null (strchr (marks, '!'));
  fixture_clear (&fixture);
  close (ends[0]);
  close (ends[1]);
}

/* The application's close is over, and the interpreter stays for as long as its memory is
 * looked at. */
static void
test_linger (void)
{
  Census baseline;
  Fixture fixture;
  SubiterSource *source;
  g_autofree char *marks = NULL;
  GVariant *items[3];
  Census now;
  int ends[2];

  take_baseline (&baseline);
  g_assert_cmpint (pipe (ends), ==, 0);
  fixture_init (&fixture);
  source = source_new (&fixture, "tracked", g_variant_new ("(ii)", ends[1], (int) G_N_ELEMENTS (items)));
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    items[i] = next (source);
  g_object_unref (source);
  fixture_clear (&fixture);

  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      const guint8 *data = g_variant_get_data (items[i]);

      census_take (&now);
      g_assert_cmpuint (now.n_interpreters, ==, baseline.n_interpreters + 1);
      for (gsize j = 0; j < g_variant_get_size (items[i]); j++)
        g_assert_cmpuint (data[j], ==, 0);
      g_variant_unref (items[i]);
    }
  marks = read_marks (ends[0], 6);
  g_assert_cmpstr (marks, ==, "+-+-+-");
  close (ends[0]);
  close (ends[1]);
  census_wait_for (&baseline);
}

/* What objects do when they go may be anything, also when there is nobody any more. */
static void
test_nasty (void)
{
  Census baseline;
  Fixture fixture;
  SubiterSource *source;
  GVariant *item;
  int ends[2];

  take_baseline (&baseline);
  g_assert_cmpint (pipe (ends), ==, 0);
  fixture_init (&fixture);
  source = source_new (&fixture, "nasty", g_variant_new ("(i)", ends[1]));
  item = next (source);
  g_object_unref (source);
  fixture_clear (&fixture);
  g_variant_unref (item);
  census_wait_for (&(Census){ baseline.n_interpreters, baseline.n_threads, baseline.n_files + 2 });
  close (ends[0]);
  close (ends[1]);
}

/* Many that come back late, some of them never in the order in which they came. */
static void
test_cycles (void)
{
  const guint n_cycles = g_getenv ("SUBITER_TEST_THOROUGH") != NULL ? 3000 : 150;
  GVariant *held[7] = { NULL };
  Census baseline;

  take_baseline (&baseline);
  for (guint i = 0; i < n_cycles; i++)
    {
      guint place = g_random_int_range (0, G_N_ELEMENTS (held));
      SubiterSource *source;
      Fixture fixture;

      fixture_init (&fixture);
      source = source_new (&fixture, "one_bytes", NULL);
      g_clear_pointer (&held[place], g_variant_unref);
      held[place] = next (source);
      g_object_unref (source);
      fixture_clear (&fixture);
      for (guint j = 0; j < G_N_ELEMENTS (held); j++)
        {
          if (held[j] != NULL)
            g_assert_cmpint (*(const guint8 *) g_variant_get_data (held[j]), ==, 7);
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    g_clear_pointer (&held[i], g_variant_unref);
  census_wait_for (&baseline);
}

#define N_HOLDERS 4

/* Takes items, holds some of them for a while, and checks what is in them. */
static gpointer
holder_main (gpointer data)
{
  GAsyncQueue *queue = data;
  GVariant *held[5] = { NULL };
  GVariant *item;
  guint n = 0;

  while ((item = g_async_queue_pop (queue)) != data)
    {
      g_autoptr (GVariant) buffer = get_buffer (item);
      const guint8 *bytes = g_variant_get_data (buffer);
      gsize size = g_variant_get_size (buffer);

      for (gsize i = 0; i < size; i += 501)
        g_assert_cmpuint (bytes[i], ==, bytes[0]);
      g_assert_cmpuint (bytes[size - 1], ==, bytes[0]);
      g_clear_pointer (&held[n % G_N_ELEMENTS (held)], g_variant_unref);
      held[n++ % G_N_ELEMENTS (held)] = item;
    }
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    g_clear_pointer (&held[i], g_variant_unref);

  return NULL;
}

/* Sizes around all limits, held by many threads, for longer than the source. */
static void
test_stress (void)
{
  const int n_items = g_getenv ("SUBITER_TEST_THOROUGH") != NULL ? 20000 : 1500;
  GAsyncQueue *queue = g_async_queue_new ();
  GThread *holders[N_HOLDERS];
  Census baseline;

  take_baseline (&baseline);
  for (guint i = 0; i < N_HOLDERS; i++)
    holders[i] = g_thread_new ("holder", holder_main, queue);
  for (guint round = 0; round < 3; round++)
    {
      SubiterSource *source;
      Fixture fixture;
      GVariant *item;
      int n = 0;

      fixture_init (&fixture);
      source = source_new (&fixture, "sizes", g_variant_new ("(ii)", n_items, g_random_int_range (0, G_MAXINT)));
      while ((item = next (source)) != NULL)
        {
          g_async_queue_push (queue, item);
          n++;
        }
      g_assert_cmpint (n, ==, n_items);
      g_object_unref (source);
      fixture_clear (&fixture);
    }
  for (guint i = 0; i < N_HOLDERS; i++)
    g_async_queue_push (queue, queue);
  for (guint i = 0; i < N_HOLDERS; i++)
    g_thread_join (holders[i]);
  g_async_queue_unref (queue);
  census_wait_for (&baseline);
}

/* ---- Arguments */

static SubiterCallable *
callable_new (const char *function)
{
  g_autofree char *entry_point = g_strconcat ("copies:", function, NULL);
  g_autoptr (GError) error = NULL;
  SubiterCallable *callable = subiter_callable_new_for_entry_point (entry_point, &error);

  g_assert_no_error (error);

  return callable;
}

/* Takes @callable over. */
static SubiterSource *
source_new_for (Fixture *fixture,
                SubiterCallable *callable)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "modules", NULL);
  const char *const path[] = { folder, NULL };
  SubiterSource *source = g_object_new (SUBITER_TYPE_SOURCE, "callable", callable, "interpreter",
                                        fixture->interpreter, "python-path", path, NULL);

  subiter_callable_unref (callable);

  return source;
}

static void
bind (SubiterCallable **callable,
      const char *args,
      const char *kwargs)
{
  g_autoptr (GError) error = NULL;
  SubiterCallable *bound;

  bound = subiter_callable_bind (*callable, args != NULL ? g_variant_new_parsed (args) : NULL,
                                 kwargs != NULL ? g_variant_new_parsed (kwargs) : NULL, &error);
  g_assert_no_error (error);
  subiter_callable_unref (*callable);
  *callable = bound;
}

static void
bind_bytes (SubiterCallable **callable,
            const char *name,
            GBytes *bytes)
{
  SubiterCallable *bound = subiter_callable_bind_bytes (*callable, name, bytes);

  subiter_callable_unref (*callable);
  *callable = bound;
}

static void
assert_item (SubiterSource *source,
             const char *name,
             GBytes *bytes,
             const char *what)
{
  g_autoptr (GVariant) item = next (source);
  const char *item_name;
  const char *item_what;
  gint64 address;

  g_assert_nonnull (item);
  g_variant_get (item, "(&sx&s)", &item_name, &address, &item_what);
  g_assert_cmpstr (item_name, ==, name);
  g_assert_cmpstr (item_what, ==, what);
  if (bytes != NULL)
    g_assert_cmphex ((guintptr) address, ==, (guintptr) g_bytes_get_data (bytes, NULL));
}

/* The same memory in there, whatever its size, in its place. */
static void
test_arguments (void)
{
  g_autoptr (GBytes) small = g_bytes_new ("abc", 3);
  g_autoptr (GBytes) large = g_bytes_new_take (g_malloc0 (100000), 100000);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  SubiterCallable *callable = callable_new ("look_at");
  g_autoptr (SubiterSource) source = NULL;
  Fixture fixture;

  fixture_init (&fixture);
  bind_bytes (&callable, NULL, large);
  bind (&callable, "(1, b'ay')", "{'a': <1>, 'data': <2>, 'b': <3>}");
  bind_bytes (&callable, NULL, small);
  bind_bytes (&callable, "data", small);
  bind_bytes (&callable, "more", small);
  bind (&callable, "('two',)", "{'more': <4>}");
  bind_bytes (&callable, NULL, empty);
  bind_bytes (&callable, "data", large);
  g_assert_cmpuint (subiter_callable_get_n_bytes (callable), ==, 4);

  source = source_new_for (&fixture, callable);
  for (guint i = 0; i < 2; i++)
    {
      assert_item (source, "0", large, "memoryview B True 100000");
      assert_item (source, "1", NULL, "int 1");
      assert_item (source, "2", NULL, "bytes b'ay\\x00'");
      assert_item (source, "3", small, "memoryview B True 3");
      assert_item (source, "4", NULL, "str 'two'");
      assert_item (source, "5", NULL, "memoryview B True 0");
      assert_item (source, "a", NULL, "int 1");
      assert_item (source, "b", NULL, "int 3");
      assert_item (source, "more", NULL, "int 4");
      assert_item (source, "data", large, "memoryview B True 100000");
      g_assert_null (next (source));
      subiter_source_rewind (source);
    }
  fixture_clear (&fixture);
}

/* There and back again, all of it the same memory. */
static void
test_echo (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (100000), 100000);
  SubiterCallable *callable = callable_new ("echo");
  g_autoptr (SubiterSource) source = NULL;
  g_autoptr (GVariant) item = NULL;
  Fixture fixture;

  fixture_init (&fixture);
  bind_bytes (&callable, NULL, bytes);
  source = source_new_for (&fixture, callable);
  item = next (source);
  g_assert_true (g_variant_get_data (item) == g_bytes_get_data (bytes, NULL));
  fixture_clear (&fixture);
}

/* A buffer of the application's that knows who lets go of it. */
typedef struct
{
  GThread *thread;
  _Atomic int n_freed;
  _Atomic int n_wrong;
} Owner;

static void
free_owned (gpointer data)
{
  Owner *owner = data;

  if (g_thread_self () != owner->thread)
    atomic_fetch_add (&owner->n_wrong, 1);
  atomic_fetch_add (&owner->n_freed, 1);
}

static char owned[8192];

static GBytes *
owner_init (Owner *owner)
{
  memset (owner, 0, sizeof *owner);
  owner->thread = g_thread_self ();

  return g_bytes_new_with_free_func (owned, sizeof owned, free_owned, owner);
}

/* The thread that bound it gives it back, in its main loop if the code is the last to have it: whether the worker drops
 * it, or a thread of its code, or the end of the interpreter. */
static void
test_notify (gconstpointer data)
{
  const char *function = data;
  SubiterCallable *callable = callable_new (function);
  SubiterSource *source;
  Fixture fixture;
  GBytes *bytes;
  Owner owner;

  fixture_init (&fixture);
  bytes = owner_init (&owner);
  bind_bytes (&callable, NULL, bytes);
  g_bytes_unref (bytes);
  source = source_new_for (&fixture, callable);
  g_variant_unref (next (source));
  g_assert_null (next (source));
  g_object_unref (source);
  if (g_str_equal (function, "keep"))
    {
      g_autoptr (SubiterSource) other = NULL;

      g_assert_cmpint (atomic_load (&owner.n_freed), ==, 0);
      other = source_new_for (&fixture, callable_new ("forget"));
      g_variant_unref (next (other));
      g_assert_null (next (other));
    }
  if (g_str_equal (function, "echo"))
    fixture_close (&fixture);
  wait_for (atomic_load (&owner.n_freed) == 1);
  g_assert_cmpint (atomic_load (&owner.n_wrong), ==, 0);
  fixture_clear (&fixture);
}

static gboolean
is_kept_bytes_gone (Fixture *fixture,
                    Owner *owner)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("", 0);
  SubiterCallable *callable = callable_new ("keep");

  /* To bind is what gives back what waits, where no main loop is. */
  bind_bytes (&callable, NULL, bytes);
  subiter_callable_unref (callable);
  g_usleep (1000);

  return atomic_load (&owner->n_freed) == 1;
}

static gpointer
no_loop_main (gpointer data)
{
  SubiterCallable *callable = callable_new ("keep");
  SubiterSource *source;
  Fixture fixture;
  GBytes *bytes;
  Owner owner;
  gint64 failsafe = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  fixture_init (&fixture);
  bytes = owner_init (&owner);
  bind_bytes (&callable, NULL, bytes);
  g_bytes_unref (bytes);
  source = source_new_for (&fixture, callable);
  g_variant_unref (next (source));
  g_assert_null (next (source));
  g_object_unref (source);
  source = source_new_for (&fixture, callable_new ("forget"));
  g_variant_unref (next (source));
  g_object_unref (source);
  while (!is_kept_bytes_gone (&fixture, &owner))
    g_assert_cmpint (g_get_monotonic_time (), <, failsafe);
  g_assert_cmpint (atomic_load (&owner.n_wrong), ==, 0);
  g_object_unref (fixture.interpreter);

  return NULL;
}

/* A thread that takes items and iterates no main context, such as one without a main loop. */
static void
test_no_loop (void)
{
  g_thread_join (g_thread_new ("no-loop", no_loop_main, NULL));
}

/* ---- The end of the program, with items held: each in a process of its own */

static GVariant *held_item;

static void
hold_one (gboolean closes)
{
  SubiterSource *source;
  Fixture fixture;

  fixture_init (&fixture);
  source = source_new (&fixture, "one_bytes", NULL);
  held_item = next (source);
  if (closes)
    {
      g_object_unref (source);
      fixture_clear (&fixture);
    }
}

static void
check_held (void)
{
  const guint8 *data = g_variant_get_data (held_item);

  for (gsize i = 0; i < g_variant_get_size (held_item); i++)
    g_assert_cmpuint (data[i], ==, 7);
}

static void
finalize_python (void)
{
  int (*ensure) (void) = (int (*) (void)) dlsym (RTLD_DEFAULT, "PyGILState_Ensure");
  int (*finalize) (void) = (int (*) (void)) dlsym (RTLD_DEFAULT, "Py_FinalizeEx");

  g_assert_nonnull (ensure);
  g_assert_nonnull (finalize);
  ensure ();
  g_assert_cmpint (finalize (), ==, 0);
}

static void
exit_alive (void)
{
  hold_one (FALSE);
  check_held ();
}

static void
exit_closed (void)
{
  hold_one (TRUE);
  check_held ();
}

static void
shut_down (void)
{
  Census baseline;

  take_baseline (&baseline);
  hold_one (TRUE);
  g_assert_true (subiter_shutdown (60000));
  check_held ();
  g_variant_unref (held_item);
  census_wait_for (&baseline);
}

static void
shut_down_alive (void)
{
  hold_one (FALSE);
  g_assert_true (subiter_shutdown (60000));
  check_held ();
  g_variant_unref (held_item);
}

static void
end_python (void)
{
  hold_one (TRUE);
  finalize_python ();
  check_held ();
  g_variant_unref (held_item);
}

static void
end_python_alive (void)
{
  hold_one (FALSE);
  finalize_python ();
  check_held ();
  g_variant_unref (held_item);
}

static void
unref_held (void)
{
  g_variant_unref (held_item);
}

/* The last moment that there is. */
static void
unref_at_exit (void)
{
  atexit (unref_held);
  hold_one (TRUE);
}

static const struct
{
  const char *path;
  void (*func) (void);
} ends[] = {
  { "/copy/end/exit-alive", exit_alive },
  { "/copy/end/exit-closed", exit_closed },
  { "/copy/end/shutdown", shut_down },
  { "/copy/end/shutdown-alive", shut_down_alive },
  { "/copy/end/python", end_python },
  { "/copy/end/python-alive", end_python_alive },
  { "/copy/end/unref-at-exit", unref_at_exit },
};

static void
test_end (gconstpointer data)
{
  void (*const *func) (void) = data;

  if (g_test_subprocess ())
    {
      (*func) ();
      exit (23);
    }

  g_test_trap_subprocess (NULL, 120 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_assert_false (g_test_trap_reached_timeout ());
  g_assert_false (g_test_trap_has_passed ());
  g_test_trap_assert_stderr ("");
}

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strconcat ("/copy/kind/", kinds[i].name, NULL);
      g_autofree char *typed_path = g_strconcat ("/copy/typed/", kinds[i].name, NULL);

      g_test_add_data_func (path, &kinds[i], test_kind);
      if (!g_str_has_prefix (kinds[i].name, "in_") && !g_str_has_prefix (kinds[i].name, "deep_"))
        g_test_add_data_func (typed_path, &kinds[i], test_typed);
    }
  g_test_add_func ("/copy/refilled", test_refilled);
  g_test_add_data_func ("/copy/idle", GINT_TO_POINTER (FALSE), test_idle);
  g_test_add_data_func ("/copy/idle-nested", GINT_TO_POINTER (TRUE), test_idle);
  g_test_add_func ("/copy/busy", test_busy);
  g_test_add_func ("/copy/unread", test_unread);
  g_test_add_func ("/copy/linger", test_linger);
  g_test_add_func ("/copy/nasty", test_nasty);
  g_test_add_func ("/copy/cycles", test_cycles);
  g_test_add_func ("/copy/stress", test_stress);
  g_test_add_func ("/copy/arguments", test_arguments);
  g_test_add_func ("/copy/echo", test_echo);
  g_test_add_data_func ("/copy/notify/kept", "keep", test_notify);
  g_test_add_data_func ("/copy/notify/thread", "drop_on_thread", test_notify);
  g_test_add_data_func ("/copy/notify/end", "echo", test_notify);
  g_test_add_func ("/copy/no-loop", test_no_loop);
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    g_test_add_data_func (ends[i].path, &ends[i].func, test_end);

  return g_test_run ();
}
