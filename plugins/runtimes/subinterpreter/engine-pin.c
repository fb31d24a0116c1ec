/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-pin-private.h"

#include <unistd.h>

/* The process that the pins are of. A child that was forked has copies of them, and no
 * thread that would take them back; but maybe a lock that one had. */
static _Atomic pid_t home_pid;

EnginePin *
engine_pin_new (void)
{
  return g_new0 (EnginePin, 1);
}

/* This may run code: that which a buffer written in Python has for its end, and that
 * of objects that go along. What it raises is for it to say. */
void
engine_pin_free (EnginePin *pin)
{
  PyBuffer_Release (&pin->view);
  Py_XDECREF (pin->object);
  g_free (pin);
}

/* Called on any thread, with any locks of the application's held, and none of Python's
 * functions can be called here. Many that come one after the other wake the worker
 * once. Each holds the port, and by that the list: there may be nobody else who does. */
static void
give_back (gpointer data)
{
  EnginePin *pin = data;
  EnginePins *pins = pin->pins;
  SubiterPort *port = pins->port;
  EnginePin *before;

  if (getpid () != atomic_load_explicit (&home_pid, memory_order_relaxed))
    return;

  before = atomic_load_explicit (&pins->returned, memory_order_relaxed);
  do
    pin->next = before;
  while (!atomic_compare_exchange_weak_explicit (&pins->returned, &before, pin, memory_order_release,
                                                 memory_order_relaxed));

  /* From here on the pin is the worker's. */
  if (before == NULL)
    subiter_port_poke (port);
  subiter_port_unref (port);
}

/* Takes @pin over, which holds the memory. */
GBytes *
engine_pins_share (EnginePins *pins,
                   EnginePin *pin,
                   const void *data,
                   gsize size)
{
  if (atomic_load_explicit (&home_pid, memory_order_relaxed) == 0)
    atomic_store_explicit (&home_pid, getpid (), memory_order_relaxed);

  subiter_port_ref (pins->port);
  pin->pins = pins;
  pins->n_pins++;

  return g_bytes_new_with_free_func (data, size, give_back, pin);
}

void
engine_pins_release (EnginePins *pins)
{
  EnginePin *pin = atomic_exchange_explicit (&pins->returned, NULL, memory_order_acquire);

  while (pin != NULL)
    {
      EnginePin *next = pin->next;

      pins->n_pins--;
      engine_pin_free (pin);
      pin = next;
    }
}
