/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-batch-private.h"

#include "subiter-sync-private.h"
#include "subiter-value-private.h"

/**
 * SubiterBatch:
 *
 * Items that were taken from a [class@Subiter.Source] together, and are not converted
 * yet.
 *
 * A main loop takes items one by one as a [struct@GLib.Variant] each. A binding that
 * makes objects of its own language of them spares itself those: it takes a batch, with
 * one call across the language's border, and reads the values in it.
 *
 * A batch is immutable and may be used from any thread. What is in it lives as long as the
 * batch does.
 */
G_DEFINE_BOXED_TYPE (SubiterBatch, subiter_batch, subiter_batch_ref, subiter_batch_unref)

SubiterBatch *
subiter_batch_new (const GVariantType *item_type)
{
  SubiterBatch *batch = g_new0 (SubiterBatch, 1);

  atomic_init (&batch->ref_count, 1);
  batch->item_type = item_type != NULL ? g_variant_type_copy (item_type) : NULL;

  return batch;
}

/* Where the next @n_values go: whoever fills them in adds to their number. */
SubiterValue *
subiter_batch_reserve (SubiterBatch *batch,
                       guint n_values)
{
  if (batch->n_allocated - batch->n_values < n_values)
    {
      batch->n_allocated = MAX (batch->n_allocated * 2, batch->n_values + n_values);
      batch->values = g_renew (SubiterValue, batch->values, batch->n_allocated);
    }

  return batch->values + batch->n_values;
}

/* Moves @value into the batch. */
void
subiter_batch_append (SubiterBatch *batch,
                      SubiterValue *value)
{
  *subiter_batch_reserve (batch, 1) = *value;
  batch->n_values++;
  subiter_value_init (value);
}

/**
 * subiter_batch_ref:
 * @batch: a batch
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @batch
 */
SubiterBatch *
subiter_batch_ref (SubiterBatch *batch)
{
  g_return_val_if_fail (batch != NULL, NULL);

  atomic_fetch_add_explicit (&batch->ref_count, 1, memory_order_relaxed);

  return batch;
}

/**
 * subiter_batch_unref:
 * @batch: (transfer full): a batch
 *
 * Gives a reference back.
 */
void
subiter_batch_unref (SubiterBatch *batch)
{
  g_return_if_fail (batch != NULL);

  if (atomic_fetch_sub_explicit (&batch->ref_count, 1, memory_order_acq_rel) != 1)
    return;

  for (guint i = 0; i < batch->n_values; i++)
    {
      if (batch->values[i].kind >= SUBITER_VALUE_STRING)
        subiter_value_clear (&batch->values[i]);
    }
  g_clear_pointer (&batch->item_type, g_variant_type_free);
  g_free (batch->values);
  g_free (batch);
}

/**
 * subiter_batch_get_n_items:
 * @batch: a batch
 *
 * Counts the items.
 *
 * Returns: how many there are; none tells that the iteration is at its end
 */
guint
subiter_batch_get_n_items (SubiterBatch *batch)
{
  g_return_val_if_fail (batch != NULL, 0);

  return batch->n_values;
}

/**
 * subiter_batch_get_item:
 * @batch: a batch
 * @index: which one, from 0
 *
 * Makes a variant of an item, each time that it is asked for.
 *
 * Returns: (transfer full): the item
 */
GVariant *
subiter_batch_get_item (SubiterBatch *batch,
                        guint index)
{
  g_return_val_if_fail (batch != NULL, NULL);
  g_return_val_if_fail (index < batch->n_values, NULL);

  return subiter_value_dup_variant (&batch->values[index], batch->item_type);
}

/**
 * subiter_batch_get_item_type:
 * @batch: a batch
 *
 * Gets the [property@Subiter.Source:item-type] that the items were made for. A value may
 * be of another kind than it says, such as an `int` where a `d` is wanted:
 * [method@Subiter.Batch.get_item] converts.
 *
 * Returns: (transfer none) (nullable): a type, or %NULL for the conversion table
 */
const GVariantType *
subiter_batch_get_item_type (SubiterBatch *batch)
{
  g_return_val_if_fail (batch != NULL, NULL);

  return batch->item_type;
}

/* Whether a worker has made variants of some, which are not taken apart again. */
static gboolean
has_variants (SubiterBatch *batch)
{
  for (guint i = 0; i < batch->n_values; i++)
    {
      if (batch->values[i].kind == SUBITER_VALUE_VARIANT)
        return TRUE;
    }

  return FALSE;
}

/* Of a variant for each item. */
static GVariant *
put_together (SubiterBatch *batch)
{
  const GVariantType *type = batch->item_type;
  g_autofree GVariant **items = g_new (GVariant *, batch->n_values);
  GVariant *array;

  for (guint i = 0; i < batch->n_values; i++)
    {
      items[i] = subiter_batch_get_item (batch, i);
      if (type == NULL)
        {
          g_autoptr (GVariant) item = items[i];

          items[i] = g_variant_ref_sink (g_variant_new_variant (item));
        }
    }
  array = g_variant_new_array (type != NULL ? type : G_VARIANT_TYPE_VARIANT, items, batch->n_values);
  for (guint i = 0; i < batch->n_values; i++)
    g_variant_unref (items[i]);

  return array;
}

/**
 * subiter_batch_to_variant:
 * @batch: a batch
 *
 * Makes one variant of all items: an array of [method@Subiter.Batch.get_item_type], or
 * of variants (`av`) if that is %NULL. With an item-type that has a fixed size, such as `x`
 * or `d`, its data is a plain array for
 * [method@GLib.Variant.get_fixed_array].
 *
 * Returns: (transfer full): the array
 */
GVariant *
subiter_batch_to_variant (SubiterBatch *batch)
{
  g_autoptr (GVariantType) type = NULL;
  GVariant *array = NULL;

  g_return_val_if_fail (batch != NULL, NULL);

  type = g_variant_type_new_array (batch->item_type != NULL ? batch->item_type : G_VARIANT_TYPE_VARIANT);
  if (!has_variants (batch))
    array = subiter_value_serialize_array (batch->values, batch->n_values, type, SUBITER_VALUE_MAX_COPY);
  if (array == NULL)
    array = put_together (batch);

  return g_variant_ref_sink (array);
}

/**
 * subiter_batch_peek_values: (skip)
 * @batch: a batch
 * @n_values: (out): how many there are
 *
 * Gets the items as they came from the worker, to be read with
 * [method@Subiter.Value.get_kind] and the other methods for reading.
 *
 * Returns: (transfer none): the items, valid as long as @batch is
 */
const SubiterValue *
subiter_batch_peek_values (SubiterBatch *batch,
                           guint *n_values)
{
  g_return_val_if_fail (batch != NULL, NULL);

  *n_values = batch->n_values;

  return batch->values;
}
