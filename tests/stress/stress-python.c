/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-life.h"

/* The lives of sources whose callables are Python, in interpreters that come
 * and go. An interpreter takes some milliseconds to make, so there are fewer of
 * them than on the runtime in C. */

static const char code[] =
    "import itertools, threading, time\n"
    "import subiter\n"
    "\n"
    "def numbers (n):\n"
    "    return range (n)\n"
    "\n"
    "def generated (n):\n"
    "    for i in range (n):\n"
    "        yield i\n"
    "\n"
    "def endless ():\n"
    "    return itertools.count ()\n"
    "\n"
    "def busy ():\n"
    "    i = 0\n"
    "    while True:\n"
    "        i += 1\n"
    "        if i < 3:\n"
    "            yield i - 1\n"
    "\n"
    "def waits (n):\n"
    "    yield from range (n)\n"
    "    subiter.wait ()\n"
    "\n"
    "def waits_often (n):\n"
    "    for i in range (n):\n"
    "        subiter.wait (0.0005)\n"
    "        yield i\n"
    "\n"
    "def sleeps (n):\n"
    "    for i in range (n):\n"
    "        time.sleep (0.001)\n"
    "        yield i\n"
    "\n"
    "def swallows (n):\n"
    "    '''Does not end at the first exception, nor at the second.'''\n"
    "    for i in range (2):\n"
    "        try:\n"
    "            while True:\n"
    "                time.sleep (0.005)\n"
    "        except BaseException:\n"
    "            continue\n"
    "    yield from ()\n"
    "\n"
    "def raises (n):\n"
    "    yield from range (n)\n"
    "    raise ValueError ('no good')\n"
    "\n"
    "def raises_in_finally (n):\n"
    "    try:\n"
    "        yield from range (n)\n"
    "        while not subiter.wait ():\n"
    "            pass\n"
    "        yield n\n"
    "    finally:\n"
    "        raise RuntimeError ('clean-up failed')\n"
    "\n"
    "def work ():\n"
    "    subiter.wait (0.02)\n"
    "\n"
    "def leaves_a_thread (n):\n"
    "    threading.Thread (target = work).start ()\n"
    "    return range (n)\n"
    "\n"
    "def prints (n):\n"
    "    for i in range (n):\n"
    "        print ('line', i)\n"
    "        subiter.progress (i / n, f'at {i}')\n"
    "        yield i\n"
    "\n"
    "def objects (n):\n"
    "    '''Garbage of all kinds, with cycles, while it produces.'''\n"
    "    kept = []\n"
    "    for i in range (n):\n"
    "        kept.append ({'self': kept, 'text': 'x' * i, 'number': i})\n"
    "        yield kept[-1]['number']\n";

static const LifeKind kinds[] = {
  { .name = "numbers", .args = "(300,)", .n_items = 300 },
  { .name = "numbers", .args = "(0,)" },
  { .name = "generated", .args = "(60,)", .n_items = 60 },
  { .name = "endless", .args = "()", .n_items = -1, .waits = TRUE },
  { .name = "busy", .args = "()", .n_items = 2, .waits = TRUE },
  { .name = "waits", .args = "(5,)", .n_items = 5, .waits = TRUE },
  { .name = "waits_often", .args = "(20,)", .n_items = 20 },
  { .name = "sleeps", .args = "(10,)", .n_items = 10 },
  { .name = "swallows", .args = "(0,)", .waits = TRUE },
  { .name = "raises", .args = "(20,)", .n_items = 20, .fails = TRUE },
  { .name = "raises_in_finally", .args = "(3,)", .n_items = 3, .waits = TRUE, .fails_when_stopped = TRUE },
  { .name = "leaves_a_thread", .args = "(5,)", .n_items = 5 },
  { .name = "prints", .args = "(40,)", .n_items = 40 },
  { .name = "objects", .args = "(50,)", .n_items = 50 },
};

static SubiterCallable *
new_callable (const LifeKind *kind)
{
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (GVariant) args = NULL;
  SubiterCallable *bound;
  GError *error = NULL;

  callable = subiter_callable_new_for_source_code (code, kind->name, &error);
  g_assert_no_error (error);
  args = g_variant_parse (NULL, kind->args, NULL, NULL, &error);
  g_assert_no_error (error);
  bound = subiter_callable_bind (callable, args, NULL, &error);
  g_assert_no_error (error);

  return bound;
}

static gboolean
is_all_gone (void)
{
  return TRUE;
}

/* Python itself comes with the first interpreter, and stays. */
static void
warm_up (void)
{
  g_autoptr (SubiterCallable) callable = new_callable (&kinds[0]);
  g_autoptr (SubiterSource) source = subiter_source_new (callable);
  GError *error = NULL;

  for (gint64 i = 0; i < kinds[0].n_items; i++)
    {
      g_autoptr (GVariant) item = subiter_source_next (source, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (g_variant_get_int64 (item), ==, i);
    }
}

static void
test_everything (void)
{
  LifeWorld world = { "subinterpreter", kinds, G_N_ELEMENTS (kinds), new_callable, is_all_gone, 3000, 1, TRUE };

  if (g_test_thorough () || g_getenv ("SUBITER_TEST_THOROUGH") != NULL)
    world.n_steps *= 100;
  warm_up ();
  life_run (&world);
}

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stress/python/everything", test_everything);

  return g_test_run ();
}
