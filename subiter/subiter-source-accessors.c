/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-callable.h"
#include "subiter-failure.h"

static void
notify (SubiterSource *self,
        SubiterSourceProperty property)
{
  g_object_notify_by_pspec (G_OBJECT (self), subiter_source_properties[property]);
}

/**
 * subiter_source_get_callable:
 * @self: a source
 *
 * Gets what the source calls.
 *
 * Returns: (transfer none): the callable
 */
SubiterCallable *
subiter_source_get_callable (SubiterSource *self)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  return self->callable;
}

/**
 * subiter_source_get_interpreter:
 * @self: a source
 *
 * Gets the interpreter that the source runs on.
 *
 * Returns: (transfer none): the interpreter
 */
SubiterInterpreter *
subiter_source_get_interpreter (SubiterSource *self)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  return self->interpreter;
}

/**
 * subiter_source_get_runtime:
 * @self: a source
 *
 * Gets the name of the runtime.
 *
 * Returns: the name
 */
const char *
subiter_source_get_runtime (SubiterSource *self)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  return self->runtime;
}

/**
 * subiter_source_get_buffer_size:
 * @self: a source
 *
 * Gets how many items may wait.
 *
 * Returns: the number of items
 */
guint
subiter_source_get_buffer_size (SubiterSource *self)
{
  guint buffer_size;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  subiter_lock (&self->lock);
  buffer_size = self->buffer_size;
  subiter_unlock (&self->lock);

  return buffer_size;
}

/**
 * subiter_source_set_buffer_size:
 * @self: a source
 * @buffer_size: the number of items, from 1 to 1048576
 *
 * Sets how many items may wait, from the next start on.
 */
void
subiter_source_set_buffer_size (SubiterSource *self,
                                guint buffer_size)
{
  gboolean changed;

  g_return_if_fail (SUBITER_IS_SOURCE (self));
  g_return_if_fail (buffer_size > 0 && buffer_size <= SUBITER_SOURCE_MAX_BUFFER_SIZE);

  subiter_lock (&self->lock);
  changed = self->buffer_size != buffer_size;
  self->buffer_size = buffer_size;
  subiter_unlock (&self->lock);

  if (changed)
    notify (self, SUBITER_SOURCE_PROP_BUFFER_SIZE);
}

/**
 * subiter_source_get_initializers:
 * @self: a source
 *
 * Gets the entry points that are called before the first iteration.
 *
 * Call this where the property is set.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the entry points, or %NULL if there are none
 */
const char *const *
subiter_source_get_initializers (SubiterSource *self)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  return (const char *const *) self->initializers;
}

/* TRUE unless one is malformed. */
static gboolean
check_entry_points (const char *const *entry_points,
                    GError **error)
{
  for (gsize i = 0; entry_points != NULL && entry_points[i] != NULL; i++)
    {
      g_autoptr (SubiterCallable) callable = subiter_callable_new_for_entry_point (entry_points[i], error);

      if (callable == NULL)
        return FALSE;
    }

  return TRUE;
}

static void
take_strv (SubiterSource *self,
           char ***field,
           const char *const *strv,
           SubiterSourceProperty property)
{
  static const char *const none[] = { NULL };
  gboolean changed;

  if (strv == NULL)
    strv = none;

  subiter_lock (&self->lock);
  changed = !g_strv_equal (*field != NULL ? (const char *const *) *field : none, strv);
  if (changed)
    {
      g_strfreev (*field);
      *field = strv[0] != NULL ? g_strdupv ((char **) strv) : NULL;
    }
  subiter_unlock (&self->lock);

  if (changed)
    notify (self, property);
}

/**
 * subiter_source_set_initializers:
 * @self: a source
 * @entry_points: (nullable) (array zero-terminated=1): entry points, as
 *   [ctor@Subiter.Callable.new_for_entry_point] takes them
 *
 * Sets what is called, in this order and without arguments, before the first
 * iteration in the interpreter. What [method@Subiter.Source.add_initializer] added comes
 * after it. A malformed entry point is a programming error.
 */
void
subiter_source_set_initializers (SubiterSource *self,
                                 const char *const *entry_points)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (SUBITER_IS_SOURCE (self));

  if (!check_entry_points (entry_points, &error))
    {
      g_critical ("%s", error->message);
      return;
    }

  take_strv (self, &self->initializers, entry_points, SUBITER_SOURCE_PROP_INITIALIZERS);
}

/**
 * subiter_source_add_initializer:
 * @self: a source
 * @initializer: (transfer none): what to call
 *
 * Adds something that is called before the first iteration in the interpreter,
 * after all that was set or added before.
 */
void
subiter_source_add_initializer (SubiterSource *self,
                                SubiterCallable *initializer)
{
  g_return_if_fail (SUBITER_IS_SOURCE (self));
  g_return_if_fail (initializer != NULL);

  subiter_lock (&self->lock);
  g_ptr_array_add (self->more_initializers, subiter_callable_ref (initializer));
  subiter_unlock (&self->lock);
}

/**
 * subiter_source_get_item_type:
 * @self: a source
 *
 * Gets the type that every item has to have.
 *
 * Call this where the property is set.
 *
 * Returns: (transfer none) (nullable): the type, or %NULL for the one of the conversion table
 */
const GVariantType *
subiter_source_get_item_type (SubiterSource *self)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  return self->item_type;
}

/**
 * subiter_source_set_item_type:
 * @self: a source
 * @item_type: (nullable): a definite type, or %NULL for the one that the conversion table
 *   gives each item
 *
 * Sets the type that every item has to have, from the next start on.
 */
void
subiter_source_set_item_type (SubiterSource *self,
                              const GVariantType *item_type)
{
  GVariantType *old_type;
  gboolean changed;

  g_return_if_fail (SUBITER_IS_SOURCE (self));
  g_return_if_fail (item_type == NULL || g_variant_type_is_definite (item_type));

  subiter_lock (&self->lock);
  old_type = self->item_type;
  changed = old_type == NULL || item_type == NULL ? (const GVariantType *) old_type != item_type
                                                  : !g_variant_type_equal (old_type, item_type);
  self->item_type = item_type != NULL ? g_variant_type_copy (item_type) : NULL;
  subiter_unlock (&self->lock);

  g_clear_pointer (&old_type, g_variant_type_free);
  if (changed)
    notify (self, SUBITER_SOURCE_PROP_ITEM_TYPE);
}

/**
 * subiter_source_get_priority:
 * @self: a source
 *
 * Gets the priority of the source in its main context.
 *
 * Returns: the priority
 */
int
subiter_source_get_priority (SubiterSource *self)
{
  int priority;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  subiter_lock (&self->lock);
  priority = self->priority;
  subiter_unlock (&self->lock);

  return priority;
}

/**
 * subiter_source_set_priority:
 * @self: a source
 * @priority: the priority, such as %G_PRIORITY_DEFAULT_IDLE
 *
 * Sets the priority of the source in its main context.
 */
void
subiter_source_set_priority (SubiterSource *self,
                             int priority)
{
  gboolean changed;

  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  changed = self->priority != priority;
  self->priority = priority;
  subiter_unlock (&self->lock);

  if (!changed)
    return;

  subiter_wakeup_set_priority (self->wakeup, priority);
  notify (self, SUBITER_SOURCE_PROP_PRIORITY);
}

/**
 * subiter_source_get_dispatch_budget:
 * @self: a source
 *
 * Gets how long one dispatch may go on.
 *
 * Returns: the time in µs
 */
guint
subiter_source_get_dispatch_budget (SubiterSource *self)
{
  guint dispatch_budget;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  subiter_lock (&self->lock);
  dispatch_budget = self->dispatch_budget;
  subiter_unlock (&self->lock);

  return dispatch_budget;
}

/**
 * subiter_source_set_dispatch_budget:
 * @self: a source
 * @dispatch_budget: the time in µs
 *
 * Sets how long one dispatch may go on before the main context gets its turn.
 */
void
subiter_source_set_dispatch_budget (SubiterSource *self,
                                    guint dispatch_budget)
{
  gboolean changed;

  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  changed = self->dispatch_budget != dispatch_budget;
  self->dispatch_budget = dispatch_budget;
  subiter_unlock (&self->lock);

  if (changed)
    notify (self, SUBITER_SOURCE_PROP_DISPATCH_BUDGET);
}

/**
 * subiter_source_get_dispatch_items:
 * @self: a source
 *
 * Gets how many items one dispatch may deliver.
 *
 * Returns: the number of items, or 0 for no limit
 */
guint
subiter_source_get_dispatch_items (SubiterSource *self)
{
  guint dispatch_items;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  subiter_lock (&self->lock);
  dispatch_items = self->dispatch_items;
  subiter_unlock (&self->lock);

  return dispatch_items;
}

/**
 * subiter_source_set_dispatch_items:
 * @self: a source
 * @dispatch_items: the number of items, or 0 for no limit
 *
 * Sets how many items one dispatch may deliver before the main context gets its turn.
 */
void
subiter_source_set_dispatch_items (SubiterSource *self,
                                   guint dispatch_items)
{
  gboolean changed;

  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  changed = self->dispatch_items != dispatch_items;
  self->dispatch_items = dispatch_items;
  subiter_unlock (&self->lock);

  if (changed)
    notify (self, SUBITER_SOURCE_PROP_DISPATCH_ITEMS);
}

/**
 * subiter_source_get_python_path:
 * @self: a source
 *
 * Gets the folders that modules are looked for in first.
 *
 * Call this where the property is set.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the folders, or %NULL if there are none
 */
const char *const *
subiter_source_get_python_path (SubiterSource *self)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  return (const char *const *) self->python_path;
}

/**
 * subiter_source_set_python_path:
 * @self: a source
 * @python_path: (nullable) (array zero-terminated=1): folders
 *
 * Sets folders that go to the front of `sys.path` in the interpreter, from the
 * next start on.
 */
void
subiter_source_set_python_path (SubiterSource *self,
                                const char *const *python_path)
{
  g_return_if_fail (SUBITER_IS_SOURCE (self));

  take_strv (self, &self->python_path, python_path, SUBITER_SOURCE_PROP_PYTHON_PATH);
}

/**
 * subiter_source_get_state:
 * @self: a source
 *
 * Gets where the source is in its life.
 *
 * The state changes at once; notification of it comes in the main context.
 *
 * Returns: the state
 */
SubiterState
subiter_source_get_state (SubiterSource *self)
{
  SubiterState state;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), SUBITER_STATE_CLOSED);

  subiter_lock (&self->lock);
  state = self->state;
  subiter_unlock (&self->lock);

  return state;
}

/**
 * subiter_source_get_n_items:
 * @self: a source
 *
 * Gets how many items of the current or last iteration have been delivered.
 *
 * Returns: the number of items
 */
guint64
subiter_source_get_n_items (SubiterSource *self)
{
  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0);

  return atomic_load_explicit (&self->n_items, memory_order_relaxed);
}

/**
 * subiter_source_get_progress:
 * @self: a source
 *
 * Gets how far the Python code says it is.
 *
 * Returns: the fraction, from 0 to 1
 */
double
subiter_source_get_progress (SubiterSource *self)
{
  double progress;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), 0.0);

  subiter_lock (&self->lock);
  progress = self->progress;
  subiter_unlock (&self->lock);

  return progress;
}

/**
 * subiter_source_dup_progress_text:
 * @self: a source
 *
 * Gets what the Python code says it is doing.
 *
 * Returns: (transfer full) (nullable): the text
 */
char *
subiter_source_dup_progress_text (SubiterSource *self)
{
  char *text;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  subiter_lock (&self->lock);
  text = g_strdup (self->progress_text);
  subiter_unlock (&self->lock);

  return text;
}

/**
 * subiter_source_dup_failure:
 * @self: a source
 *
 * Gets the exception that ended the last iteration.
 *
 * Returns: (transfer full) (nullable): the failure, or %NULL if it did not end with an
 *   exception of Python code
 */
SubiterFailure *
subiter_source_dup_failure (SubiterSource *self)
{
  SubiterFailure *failure = NULL;

  g_return_val_if_fail (SUBITER_IS_SOURCE (self), NULL);

  subiter_lock (&self->lock);
  if (self->failure != NULL)
    failure = subiter_failure_ref (self->failure);
  subiter_unlock (&self->lock);

  return failure;
}

/**
 * subiter_source_set_item_func:
 * @self: a source
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): the function
 * @user_data: for @func
 * @destroy: (nullable): called with @user_data when @func is not needed any more
 *
 * Sets a function that is called with each item that is delivered, before
 * [signal@Subiter.Source::item] is emitted. It costs less than a signal handler.
 *
 * Call this in the source's main context.
 */
void
subiter_source_set_item_func (SubiterSource *self,
                              SubiterItemFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  GDestroyNotify old_destroy;
  gpointer old_data;

  g_return_if_fail (SUBITER_IS_SOURCE (self));

  subiter_lock (&self->lock);
  old_data = self->item_func_data;
  old_destroy = self->item_func_destroy;
  self->item_func = func;
  self->item_func_data = user_data;
  self->item_func_destroy = destroy;
  /* A delivery that is under way must not use the old one again. */
  atomic_fetch_add_explicit (&self->generation, 1, memory_order_seq_cst);
  subiter_unlock (&self->lock);

  if (old_destroy != NULL)
    old_destroy (old_data);
}
