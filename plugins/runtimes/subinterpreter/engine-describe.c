/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-describe-private.h"

#include "engine-load-private.h"
#include "engine-traceback-private.h"

#include <string.h>

/* An exception is somebody's object, and may be as large as they like: its
 * description is not. Texts are in characters. */
#define MAX_TYPE_NAME 256
#define MAX_MESSAGE (64 * 1024)
#define MAX_NOTES 64
#define MAX_NOTE (16 * 1024)
#define MAX_TRACEBACK (128 * 1024)
/* How long all tracebacks of one description are. */
#define MAX_TEXT (1024 * 1024)
/* How much of that is always left for one more. */
#define MIN_TRACEBACK 1024
/* How many causes of causes there are. */
#define MAX_CAUSES 32
#define CUT_CHAIN "[… what caused this is left out: the chain is too long …]"
/* How many groups are in one another, members in a group, and exceptions in all. */
#define MAX_GROUPS 16
#define MAX_MEMBERS 64
#define MAX_EXCEPTIONS 256
/* How often it is tried again after an interrupt. They come again and again, and
 * the first one may hit text that is made in a moment. */
#define MAX_INTERRUPTS 3

/* The description of an exception and all that belongs to it. */
typedef struct
{
  /* (nullable): whom somebody may interrupt meanwhile */
  EngineWorker *worker;
  guint n_interrupts;
  /* whether it was interrupted once too often: what is left is described without
   * running code of those who made it, and cannot be interrupted any more */
  gboolean hurried;
  guint n_exceptions;
  gsize n_characters;
  /* PyObject → SubiterFailure; NULL for those that are being described */
  GHashTable *known;
} Description;

/* Text for people: what UTF-8 or a C string cannot hold is escaped. */
char *
engine_dup_text (PyObject *text)
{
  g_autoptr (PyObject) bytes = PyUnicode_AsEncodedString (text, "utf-8", "backslashreplace");
  GString *copy;
  const char *data;
  gsize length;

  if (bytes == NULL)
    {
      PyErr_Clear ();
      return NULL;
    }

  data = PyBytes_AS_STRING (bytes);
  length = (gsize) PyBytes_GET_SIZE (bytes);
  if (memchr (data, '\0', length) == NULL)
    return g_strndup (data, length);

  copy = g_string_sized_new (length + 16);
  for (gsize i = 0; i < length; i++)
    {
      if (data[i] == '\0')
        g_string_append (copy, "\\x00");
      else
        g_string_append_c (copy, data[i]);
    }

  return g_string_free_and_steal (copy);
}

/* At most @max characters of it. What is left out is said. */
static char *
dup_short_text (PyObject *text,
                Py_ssize_t max)
{
  Py_ssize_t length = PyUnicode_GET_LENGTH (text);
  g_autoptr (PyObject) start = NULL;
  g_autoptr (PyObject) end = NULL;
  g_autofree char *start_text = NULL;
  g_autofree char *end_text = NULL;

  if (length <= max)
    return engine_dup_text (text);

  start = PyUnicode_Substring (text, 0, max - max / 4);
  if (start != NULL)
    end = PyUnicode_Substring (text, length - max / 4, length);
  if (end == NULL)
    {
      PyErr_Clear ();
      return NULL;
    }

  start_text = engine_dup_text (start);
  end_text = engine_dup_text (end);
  if (start_text == NULL || end_text == NULL)
    return NULL;

  return g_strdup_printf ("%s\n[… %zd characters are left out …]\n%s",
                          start_text, length - max, end_text);
}

/* The type's name as a reader of its code would write it. */
char *
engine_dup_type_name (PyTypeObject *type)
{
  g_autoptr (PyObject) name = PyType_GetFullyQualifiedName (type);
  char *text = name != NULL ? dup_short_text (name, MAX_TYPE_NAME) : NULL;

  if (text == NULL)
    {
      PyErr_Clear ();
      return g_strdup (type->tp_name);
    }

  return engine_unmangle_text (text);
}

/* After a call that failed: whether it was interrupted and is worth another try. */
static gboolean
drop_exception (Description *self)
{
  PyObject *stopped_type = self->worker != NULL ? engine_worker_get_stopped_type (self->worker) : NULL;
  gboolean interrupted = stopped_type != NULL && PyErr_Occurred () && PyErr_ExceptionMatches (stopped_type);

  PyErr_Clear ();
  if (!interrupted || self->hurried)
    return FALSE;

  if (++self->n_interrupts < MAX_INTERRUPTS)
    return TRUE;

  engine_worker_shield (self->worker);
  self->hurried = TRUE;

  return FALSE;
}

/* (transfer full) (nullable): its str (), with no exception pending. */
static PyObject *
get_text (Description *self,
          PyObject *object)
{
  PyObject *text = NULL;

  while (!self->hurried && (text = PyObject_Str (object)) == NULL && drop_exception (self))
    ;

  return text;
}

static char *
dup_message (Description *self,
             PyObject *exception)
{
  g_autoptr (PyObject) text = get_text (self, exception);
  char *message = text != NULL ? dup_short_text (text, MAX_MESSAGE) : NULL;

  if (message != NULL)
    return message;

  return g_strdup (self->hurried ? "<exception str() was interrupted>" : "<exception str() failed>");
}

static char *
dup_traceback (Description *self,
               PyObject *exception,
               const char *type_name,
               const char *message)
{
  Py_ssize_t max = (Py_ssize_t) MIN (MAX_TRACEBACK, MAX_TEXT - self->n_characters);
  g_autoptr (PyObject) text = NULL;
  char *traceback = NULL;

  while (!self->hurried && (text = engine_format_exception (exception, message, MAX_MESSAGE)) == NULL
         && drop_exception (self))
    ;
  while (text == NULL && (text = engine_format_frames (exception, type_name, message)) == NULL
         && drop_exception (self))
    ;
  if (text != NULL)
    traceback = dup_short_text (text, max);
  PyErr_Clear ();

  /* With the memory used up, or the standard library not there. */
  if (traceback == NULL)
    traceback = g_strdup_printf ("Traceback could not be formatted.\n%s%s%s\n",
                                 type_name, *message != '\0' ? ": " : "", message);

  engine_unmangle_text (traceback);
  self->n_characters = MIN (self->n_characters + strlen (traceback), MAX_TEXT - MIN_TRACEBACK);

  return traceback;
}

static void
add_note (Description *self,
          GStrvBuilder *notes,
          PyObject *note)
{
  g_autoptr (PyObject) text = PyUnicode_Check (note) ? Py_NewRef (note) : get_text (self, note);
  char *copy = text != NULL ? dup_short_text (text, MAX_NOTE) : NULL;

  if (copy != NULL)
    g_strv_builder_take (notes, copy);
}

/* They should be a list of str, but may be anything. */
static void
add_notes (Description *self,
           GStrvBuilder *notes,
           PyObject *exception)
{
  g_autoptr (PyObject) object = NULL;
  g_autoptr (PyObject) members = NULL;

  while (!self->hurried && PyObject_GetOptionalAttrString (exception, "__notes__", &object) < 0
         && drop_exception (self))
    ;
  if (object == NULL || object == Py_None)
    return;

  if (PyList_Check (object) || PyTuple_Check (object))
    members = PySequence_Tuple (object);
  else
    members = PyTuple_Pack (1, object);
  PyErr_Clear ();

  for (Py_ssize_t i = 0; members != NULL && i < PyTuple_GET_SIZE (members) && i < MAX_NOTES && !self->hurried; i++)
    add_note (self, notes, PyTuple_GET_ITEM (members, i));
}

static SubiterFailure *describe (Description *self,
                                 PyObject *exception,
                                 guint n_groups);

static GPtrArray *
describe_members (Description *self,
                  PyObject *group,
                  guint n_groups)
{
  PyObject *exceptions = ((PyBaseExceptionGroupObject *) group)->excs;
  GPtrArray *members = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_failure_unref);

  if (n_groups >= MAX_GROUPS)
    return members;

  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE (exceptions) && i < MAX_MEMBERS; i++)
    {
      SubiterFailure *member = describe (self, PyTuple_GET_ITEM (exceptions, i), n_groups + 1);

      if (member == NULL)
        break;
      g_ptr_array_add (members, member);
    }

  return members;
}

/* Describes it alone, but with its members. */
static SubiterFailure *
describe_one (Description *self,
              PyObject *exception,
              gboolean is_last,
              guint n_groups)
{
  g_autofree char *type_name = engine_dup_type_name (Py_TYPE (exception));
  g_autofree char *message = dup_message (self, exception);
  g_autofree char *traceback = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) notes = NULL;
  g_autoptr (GPtrArray) members = NULL;
  g_autoptr (SubiterFailure) failure = NULL;
  Py_ssize_t n_members = 0;

  traceback = dup_traceback (self, exception, type_name, message);
  add_notes (self, builder, exception);

  if (PyObject_TypeCheck (exception, (PyTypeObject *) PyExc_BaseExceptionGroup))
    {
      members = describe_members (self, exception, n_groups);
      n_members = PyTuple_GET_SIZE (((PyBaseExceptionGroupObject *) exception)->excs);
    }
  if (members != NULL && members->len < (gsize) n_members)
    g_strv_builder_take (builder, g_strdup_printf ("[… %zd more exceptions of the group are left out …]",
                                                   n_members - (Py_ssize_t) members->len));
  if (is_last)
    {
      char *longer = g_strconcat (traceback, CUT_CHAIN "\n", NULL);

      g_free (traceback);
      traceback = longer;
      g_strv_builder_add (builder, CUT_CHAIN);
    }

  notes = g_strv_builder_end (builder);
  failure = subiter_failure_new (type_name, message, traceback, (const char *const *) notes);
  if (members == NULL)
    return g_steal_pointer (&failure);

  return subiter_failure_with_members (failure, (SubiterFailure *const *) members->pdata, members->len);
}

/* (transfer full) (nullable): what Python shows before an exception. */
static PyObject *
get_cause (PyObject *exception)
{
  PyObject *cause = PyException_GetCause (exception);

  if (cause == NULL && !((PyBaseExceptionObject *) exception)->suppress_context)
    cause = PyException_GetContext (exception);

  return cause;
}

static gboolean
has_explicit_cause (PyObject *exception)
{
  return ((PyBaseExceptionObject *) exception)->cause != NULL;
}

/* Takes what is still to be described of a chain. Causes may go round in a
 * circle. @end is what the last one of them is caused by, if that is described
 * already; TRUE if more would have come. */
static gboolean
collect_chain (Description *self,
               PyObject *exception,
               GPtrArray *chain,
               SubiterFailure **end)
{
  g_autoptr (PyObject) link = Py_NewRef (exception);

  while (link != NULL)
    {
      PyObject *cause;

      if (g_hash_table_lookup_extended (self->known, link, NULL, (gpointer *) end))
        return FALSE;
      if (chain->len == MAX_CAUSES || self->n_exceptions == MAX_EXCEPTIONS)
        return TRUE;

      self->n_exceptions++;
      g_hash_table_insert (self->known, Py_NewRef (link), NULL);
      g_ptr_array_add (chain, Py_NewRef (link));
      cause = get_cause (link);
      Py_SETREF (link, cause);
    }

  return FALSE;
}

/* (nullable): @exception with its causes. They are told in the order in which
 * they matter, so that there is something of the first ones if somebody
 * interrupts this. */
static SubiterFailure *
describe (Description *self,
          PyObject *exception,
          guint n_groups)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify) Py_DecRef);
  g_autoptr (GPtrArray) failures = g_ptr_array_new_with_free_func ((GDestroyNotify) subiter_failure_unref);
  SubiterFailure *cause = NULL;
  gboolean is_cut = collect_chain (self, exception, chain, &cause);

  for (guint i = 0; i < chain->len; i++)
    g_ptr_array_add (failures, describe_one (self, chain->pdata[i], is_cut && i == chain->len - 1, n_groups));

  if (cause != NULL)
    subiter_failure_ref (cause);
  for (guint i = chain->len; i > 0; i--)
    {
      PyObject *link = chain->pdata[i - 1];
      SubiterFailure *failure = failures->pdata[i - 1];

      if (cause == NULL)
        cause = subiter_failure_ref (failure);
      else
        {
          SubiterFailure *linked = subiter_failure_with_cause (failure, cause, has_explicit_cause (link));

          subiter_failure_unref (cause);
          cause = linked;
        }
      g_hash_table_insert (self->known, Py_NewRef (link), subiter_failure_ref (cause));
    }

  return cause;
}

static void
release_failure (gpointer data)
{
  if (data != NULL)
    subiter_failure_unref (data);
}

/* Says in words all that is to be said of an exception. This runs code of the
 * run, such as the exception's __str__. What was aimed at the code that raised it
 * does not hit that, but whoever interrupts @worker (nullable) again interrupts
 * this too, which then says less. */
SubiterFailure *
engine_describe (EngineWorker *worker,
                 PyObject *exception)
{
  Description description = {
    .worker = worker,
    .known = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) Py_DecRef, release_failure),
  };
  g_autoptr (PyObject) module = NULL;
  SubiterFailure *failure;

  /* It is no code of the run, and takes its time where it is the first one. */
  if (worker != NULL)
    engine_worker_shield (worker);
  module = PyImport_ImportModule ("traceback");
  PyErr_Clear ();
  if (worker != NULL)
    engine_worker_unshield (worker);

  failure = describe (&description, exception, 0);

  /* Nothing that was aimed at this hits what comes afterwards. */
  if (worker != NULL)
    {
      engine_worker_shield (worker);
      engine_worker_unshield (worker);
    }
  g_hash_table_unref (description.known);

  return failure;
}
