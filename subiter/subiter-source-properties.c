/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-source-private.h"

#include "subiter-callable.h"
#include "subiter-enums.h"
#include "subiter-failure.h"
#include "subiter-interpreter.h"

GParamSpec *subiter_source_properties[SUBITER_SOURCE_N_PROPS];

static void
subiter_source_get_property (GObject *object,
                             guint property_id,
                             GValue *value,
                             GParamSpec *pspec)
{
  SubiterSource *self = SUBITER_SOURCE (object);

  switch ((SubiterSourceProperty) property_id)
    {
    case SUBITER_SOURCE_PROP_CALLABLE:
      g_value_set_boxed (value, self->callable);
      break;
    case SUBITER_SOURCE_PROP_INTERPRETER:
      g_value_set_object (value, self->interpreter);
      break;
    case SUBITER_SOURCE_PROP_RUNTIME:
      g_value_set_string (value, self->runtime);
      break;
    case SUBITER_SOURCE_PROP_BUFFER_SIZE:
      g_value_set_uint (value, subiter_source_get_buffer_size (self));
      break;
    case SUBITER_SOURCE_PROP_TIMEOUT:
      g_value_set_uint (value, subiter_source_get_timeout (self));
      break;
    case SUBITER_SOURCE_PROP_INITIALIZERS:
      subiter_lock (&self->lock);
      g_value_set_boxed (value, self->initializers);
      subiter_unlock (&self->lock);
      break;
    case SUBITER_SOURCE_PROP_ITEM_TYPE:
      subiter_lock (&self->lock);
      g_value_set_boxed (value, self->item_type);
      subiter_unlock (&self->lock);
      break;
    case SUBITER_SOURCE_PROP_PRIORITY:
      g_value_set_int (value, subiter_source_get_priority (self));
      break;
    case SUBITER_SOURCE_PROP_DISPATCH_BUDGET:
      g_value_set_uint (value, subiter_source_get_dispatch_budget (self));
      break;
    case SUBITER_SOURCE_PROP_DISPATCH_ITEMS:
      g_value_set_uint (value, subiter_source_get_dispatch_items (self));
      break;
    case SUBITER_SOURCE_PROP_PYTHON_PATH:
      subiter_lock (&self->lock);
      g_value_set_boxed (value, self->python_path);
      subiter_unlock (&self->lock);
      break;
    case SUBITER_SOURCE_PROP_STATE:
      g_value_set_enum (value, subiter_source_get_state (self));
      break;
    case SUBITER_SOURCE_PROP_N_ITEMS:
      g_value_set_uint64 (value, subiter_source_get_n_items (self));
      break;
    case SUBITER_SOURCE_PROP_PROGRESS:
      g_value_set_double (value, subiter_source_get_progress (self));
      break;
    case SUBITER_SOURCE_PROP_PROGRESS_TEXT:
      g_value_take_string (value, subiter_source_dup_progress_text (self));
      break;
    case SUBITER_SOURCE_PROP_FAILURE:
      g_value_take_boxed (value, subiter_source_dup_failure (self));
      break;
    case SUBITER_SOURCE_PROP_INTERRUPT_DELAY:
      g_value_set_uint (value, subiter_source_get_interrupt_delay (self));
      break;
    case SUBITER_SOURCE_PROP_GRACE_PERIOD:
      g_value_set_uint (value, subiter_source_get_grace_period (self));
      break;
    case SUBITER_SOURCE_PROP_ABANDONED:
      g_value_set_boolean (value, subiter_source_get_abandoned (self));
      break;
    case SUBITER_SOURCE_N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
subiter_source_set_property (GObject *object,
                             guint property_id,
                             const GValue *value,
                             GParamSpec *pspec)
{
  SubiterSource *self = SUBITER_SOURCE (object);

  switch ((SubiterSourceProperty) property_id)
    {
    case SUBITER_SOURCE_PROP_CALLABLE:
      self->callable = g_value_dup_boxed (value);
      break;
    case SUBITER_SOURCE_PROP_INTERPRETER:
      self->interpreter = g_value_dup_object (value);
      break;
    case SUBITER_SOURCE_PROP_RUNTIME:
      self->runtime = g_value_dup_string (value);
      break;
    case SUBITER_SOURCE_PROP_BUFFER_SIZE:
      subiter_source_set_buffer_size (self, g_value_get_uint (value));
      break;
    case SUBITER_SOURCE_PROP_TIMEOUT:
      subiter_source_set_timeout (self, g_value_get_uint (value));
      break;
    case SUBITER_SOURCE_PROP_INTERRUPT_DELAY:
      subiter_source_set_interrupt_delay (self, g_value_get_uint (value));
      break;
    case SUBITER_SOURCE_PROP_GRACE_PERIOD:
      subiter_source_set_grace_period (self, g_value_get_uint (value));
      break;
    case SUBITER_SOURCE_PROP_INITIALIZERS:
      subiter_source_set_initializers (self, g_value_get_boxed (value));
      break;
    case SUBITER_SOURCE_PROP_ITEM_TYPE:
      subiter_source_set_item_type (self, g_value_get_boxed (value));
      break;
    case SUBITER_SOURCE_PROP_PRIORITY:
      subiter_source_set_priority (self, g_value_get_int (value));
      break;
    case SUBITER_SOURCE_PROP_DISPATCH_BUDGET:
      subiter_source_set_dispatch_budget (self, g_value_get_uint (value));
      break;
    case SUBITER_SOURCE_PROP_DISPATCH_ITEMS:
      subiter_source_set_dispatch_items (self, g_value_get_uint (value));
      break;
    case SUBITER_SOURCE_PROP_PYTHON_PATH:
      subiter_source_set_python_path (self, g_value_get_boxed (value));
      break;
    case SUBITER_SOURCE_PROP_STATE:
    case SUBITER_SOURCE_PROP_N_ITEMS:
    case SUBITER_SOURCE_PROP_PROGRESS:
    case SUBITER_SOURCE_PROP_PROGRESS_TEXT:
    case SUBITER_SOURCE_PROP_FAILURE:
    case SUBITER_SOURCE_PROP_ABANDONED:
    case SUBITER_SOURCE_N_PROPS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

void
subiter_source_install_properties (GObjectClass *object_class)
{
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags settable = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  GParamSpec **properties = subiter_source_properties;

  object_class->get_property = subiter_source_get_property;
  object_class->set_property = subiter_source_set_property;

  /**
   * SubiterSource:callable:
   *
   * What is called for the iterable.
   */
  properties[SUBITER_SOURCE_PROP_CALLABLE] =
      g_param_spec_boxed ("callable", NULL, NULL, SUBITER_TYPE_CALLABLE, construct);

  /**
   * SubiterSource:interpreter:
   *
   * The interpreter that the source runs on. Unless one is given, the source makes its
   * own, which ends with it. Sources that share an interpreter run one after the
   * other.
   */
  properties[SUBITER_SOURCE_PROP_INTERPRETER] =
      g_param_spec_object ("interpreter", NULL, NULL, SUBITER_TYPE_INTERPRETER, construct);

  /**
   * SubiterSource:runtime:
   *
   * The name of the runtime of an interpreter that the source makes, `"subinterpreter"`
   * unless another is given. If an interpreter is given, it is that one's.
   */
  properties[SUBITER_SOURCE_PROP_RUNTIME] =
      g_param_spec_string ("runtime", NULL, NULL, NULL, construct);

  /**
   * SubiterSource:buffer-size:
   *
   * How many items may wait to be taken. When that many do, the Python code waits.
   *
   * Items that are delivered by signal or callback are taken up to 32 and a quarter of the
   * buffer at a time: those that are in the hand of a handler may still have their places.
   */
  properties[SUBITER_SOURCE_PROP_BUFFER_SIZE] =
      g_param_spec_uint ("buffer-size", NULL, NULL, 1, SUBITER_SOURCE_MAX_BUFFER_SIZE, SUBITER_SOURCE_DEFAULT_BUFFER_SIZE, settable);

  /**
   * SubiterSource:timeout:
   *
   * How long the worker may take for an item, in ms, or 0 for no limit.
   *
   * The time counts only while the application waits for an item: not while items wait to
   * be taken, the source is paused or the machine is suspended. The first item
   * includes the start of the interpreter, imports and initializers.
   */
  properties[SUBITER_SOURCE_PROP_TIMEOUT] =
      g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, 0, settable);

  /**
   * SubiterSource:initializers:
   *
   * Entry points that are called before the first iteration.
   */
  properties[SUBITER_SOURCE_PROP_INITIALIZERS] =
      g_param_spec_boxed ("initializers", NULL, NULL, G_TYPE_STRV, settable);

  /**
   * SubiterSource:item-type:
   *
   * The type that every item has to have, a definite one, or %NULL for the one that
   * the conversion table gives it. An item that does not fit ends the iteration with
   * %SUBITER_ERROR_WRONG_TYPE.
   */
  properties[SUBITER_SOURCE_PROP_ITEM_TYPE] =
      g_param_spec_boxed ("item-type", NULL, NULL, G_TYPE_VARIANT_TYPE, settable);

  /**
   * SubiterSource:priority:
   *
   * The priority of the source in its main context. The default is below that of
   * GTK's redrawing, so that no flood of items keeps a window from being painted.
   */
  properties[SUBITER_SOURCE_PROP_PRIORITY] =
      g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT, G_PRIORITY_DEFAULT_IDLE, settable);

  /**
   * SubiterSource:dispatch-budget:
   *
   * How long one dispatch may go on delivering items, in µs, before the main context
   * gets its turn. At least one item is delivered.
   */
  properties[SUBITER_SOURCE_PROP_DISPATCH_BUDGET] =
      g_param_spec_uint ("dispatch-budget", NULL, NULL, 0, G_MAXUINT, SUBITER_SOURCE_DEFAULT_DISPATCH_BUDGET, settable);

  /**
   * SubiterSource:dispatch-items:
   *
   * How many items one dispatch may deliver before the main context gets its turn, or
   * 0 if only [property@Subiter.Source:dispatch-budget] counts.
   */
  properties[SUBITER_SOURCE_PROP_DISPATCH_ITEMS] =
      g_param_spec_uint ("dispatch-items", NULL, NULL, 0, G_MAXUINT, 0, settable);

  /**
   * SubiterSource:python-path:
   *
   * Folders that modules are looked for in first.
   */
  properties[SUBITER_SOURCE_PROP_PYTHON_PATH] =
      g_param_spec_boxed ("python-path", NULL, NULL, G_TYPE_STRV, settable);

  /**
   * SubiterSource:state:
   *
   * Where the source is in its life.
   */
  properties[SUBITER_SOURCE_PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, SUBITER_TYPE_STATE, SUBITER_STATE_IDLE, readable);

  /**
   * SubiterSource:n-items:
   *
   * How many items of the current or last iteration have been delivered.
   */
  properties[SUBITER_SOURCE_PROP_N_ITEMS] =
      g_param_spec_uint64 ("n-items", NULL, NULL, 0, G_MAXUINT64, 0, readable);

  /**
   * SubiterSource:progress:
   *
   * How far the Python code says it is, by `subiter.progress ()`, from 0 to 1.
   */
  properties[SUBITER_SOURCE_PROP_PROGRESS] =
      g_param_spec_double ("progress", NULL, NULL, 0.0, 1.0, 0.0, readable);

  /**
   * SubiterSource:progress-text:
   *
   * What the Python code says it is doing.
   */
  properties[SUBITER_SOURCE_PROP_PROGRESS_TEXT] =
      g_param_spec_string ("progress-text", NULL, NULL, NULL, readable);

  /**
   * SubiterSource:failure:
   *
   * The exception that ended the last iteration, if one of Python code did.
   */
  properties[SUBITER_SOURCE_PROP_FAILURE] =
      g_param_spec_boxed ("failure", NULL, NULL, SUBITER_TYPE_FAILURE, readable);

  /**
   * SubiterSource:interrupt-delay:
   *
   * How long code that is told to stop has to end by itself, in ms. Then an exception is
   * raised in it, again and again, until it ends or is given up. 0 is at once, and
   * %G_MAXUINT never.
   */
  properties[SUBITER_SOURCE_PROP_INTERRUPT_DELAY] =
      g_param_spec_uint ("interrupt-delay", NULL, NULL, 0, G_MAXUINT, SUBITER_RUN_INTERRUPT_DELAY, settable);

  /**
   * SubiterSource:grace-period:
   *
   * After how long code that was told to stop, and did not, is given up, in ms;
   * %G_MAXUINT is never. [property@Subiter.Source:abandoned] is %TRUE then, and a
   * warning is logged that tells where the code sits. The source can be
   * started again: it gets a new interpreter and a new thread. What the code holds is
   * not given back before it ends by itself.
   */
  properties[SUBITER_SOURCE_PROP_GRACE_PERIOD] =
      g_param_spec_uint ("grace-period", NULL, NULL, 0, G_MAXUINT, SUBITER_RUN_GRACE_PERIOD, settable);

  /**
   * SubiterSource:abandoned:
   *
   * Whether the code of the last iteration was given up, because it did not end when it was
   * told to. It changes in the source's main context.
   */
  properties[SUBITER_SOURCE_PROP_ABANDONED] =
      g_param_spec_boolean ("abandoned", NULL, NULL, FALSE, readable);

  g_object_class_install_properties (object_class, SUBITER_SOURCE_N_PROPS, properties);
}
