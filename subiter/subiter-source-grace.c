/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

/* How long code may take, and what is known of code that takes longer. */

/**
 * subiter_source_get_timeout:
 * @self: a source
 *
 * Gets how long the worker may take for an item.
 *
 * Returns: the time in ms, or 0 for no limit
 */
guint
subiter_source_get_timeout (SubiterSource *self)
{
  guint timeout;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  subiter_lock (&self->lock);
  timeout = self->timeout;
  subiter_unlock (&self->lock);

  return timeout;
}

/**
 * subiter_source_set_timeout:
 * @self: a source
 * @timeout: the time in ms, or 0 for no limit
 *
 * Sets how long the worker may take for an item.
 */
void
subiter_source_set_timeout (SubiterSource *self,
                            guint timeout)
{
  gboolean changed;

  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  changed = self->timeout != timeout;
  self->timeout = timeout;
  subiter_unlock (&self->lock);

  if (!changed)
    return;

  g_object_notify_by_pspec (G_OBJECT (self), subiter_source_properties[SUBITER_SOURCE_PROP_TIMEOUT]);
  subiter_source_changed (self);
}

static void
set_period (SubiterSource *self,
            guint *period,
            guint value,
            SubiterSourceProperty property)
{
  gboolean changed;

  subiter_lock (&self->lock);
  changed = *period != value;
  *period = value;
  if (self->run != NULL)
    subiter_run_set_grace (self->run, self->interrupt_delay, self->grace_period);
  subiter_unlock (&self->lock);

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), subiter_source_properties[property]);
}

/**
 * subiter_source_get_interrupt_delay:
 * @self: a source
 *
 * Gets how long code that is told to stop has to end by itself.
 *
 * Returns: the time in ms; %G_MAXUINT is for ever
 */
guint
subiter_source_get_interrupt_delay (SubiterSource *self)
{
  guint period;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  subiter_lock (&self->lock);
  period = self->interrupt_delay;
  subiter_unlock (&self->lock);

  return period;
}

/**
 * subiter_source_set_interrupt_delay:
 * @self: a source
 * @delay: the time in ms; %G_MAXUINT is for ever
 *
 * Sets how long code that is told to stop has to end by itself. This
 * counts for an iteration that is told to stop after it.
 */
void
subiter_source_set_interrupt_delay (SubiterSource *self,
                                   guint delay)
{
  g_return_if_fail (SUBITER_IS_SOURCE (self));

  set_period (self, &self->interrupt_delay, delay, SUBITER_SOURCE_PROP_INTERRUPT_DELAY);
}

/**
 * subiter_source_get_grace_period:
 * @self: a source
 *
 * Gets after how long code that was told to stop is given up.
 *
 * Returns: the time in ms; %G_MAXUINT is for ever
 */
guint
subiter_source_get_grace_period (SubiterSource *self)
{
  guint period;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  subiter_lock (&self->lock);
  period = self->grace_period;
  subiter_unlock (&self->lock);

  return period;
}

/**
 * subiter_source_set_grace_period:
 * @self: a source
 * @period: the time in ms; %G_MAXUINT is for ever
 *
 * Sets after how long code that was told to stop is given up. This
 * counts for an iteration that is told to stop after it.
 */
void
subiter_source_set_grace_period (SubiterSource *self,
                                guint period)
{
  g_return_if_fail (SUBITER_IS_SOURCE (self));

  set_period (self, &self->grace_period, period, SUBITER_SOURCE_PROP_GRACE_PERIOD);
}

/**
 * subiter_source_get_abandoned:
 * @self: a source
 *
 * Tells whether the code of the last iteration was given up.
 *
 * Returns: whether it was
 */
gboolean
subiter_source_get_abandoned (SubiterSource *self)
{
  gboolean abandoned;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), FALSE);

  subiter_lock (&self->lock);
  abandoned = self->abandoned;
  subiter_unlock (&self->lock);

  return abandoned;
}

static void
on_inspected (gpointer data)
{
  subiter_wakeup_notify (data);
}

/* (transfer full) (nullable): looks at where the code of @run sits, and wakes who waits
 * for news of the source when that is known. */
SubiterInspection *
subiter_source_inspect (SubiterSource *self,
                        SubiterRun *run)
{
  g_autoptr (SubiterPort) port = NULL;

  subiter_lock (&self->lock);
  if (self->run == run && self->port != NULL)
    port = subiter_port_ref (self->port);
  subiter_unlock (&self->lock);

  if (port == NULL)
    return NULL;

  return subiter_inspection_new (port, run, on_inspected, subiter_wakeup_ref (self->wakeup),
                                 (GDestroyNotify) subiter_wakeup_unref);
}

/* (transfer full): says what did not happen, and where the code is if that is known. */
GError *
subiter_source_make_timeout_error (SubiterSource *self,
                                   SubiterInspection *inspection)
{
  guint timeout = subiter_source_get_timeout (self);

  if (inspection == NULL)
    return g_error_new (SUBITER_ERROR, SUBITER_ERROR_TIMED_OUT, "No item came within %u ms", timeout);

  return subiter_inspection_make_error (inspection, SUBITER_ERROR_TIMED_OUT, "No item came within %u ms", timeout);
}
