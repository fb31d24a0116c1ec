/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-frames-private.h"

/* The stack of a thread that holds its GIL, seen from outside as a debugger of another
 * process sees it: memory is copied by the system, which answers for an address
 * that is not there, and nothing that is read is believed unless it looks right.
 *
 * Where things are comes from CPython's public structures, and for the one that is
 * not, the frame, from its description for debuggers (_Py_DebugOffsets), whose
 * version has to be that which this was built for. Where that is not to be had, neither
 * are the frames. */

#if defined(__linux__) && __has_include(<internal/pycore_debug_offsets.h>)
#define CAN_PEEK 1
#endif

#ifdef CAN_PEEK

#define Py_BUILD_CORE 1
#include <internal/pycore_debug_offsets.h>
#undef Py_BUILD_CORE

#include <dlfcn.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Longer texts are none, in characters. */
#define MAX_TEXT 4096
/* A longer table of lines is none, in bytes. */
#define MAX_TABLE (1024 * 1024)
/* References on a stack carry tags in their lowest bits. */
#define TAG_BITS ((guintptr) 3)

static gboolean
peek (const void *address,
      void *to,
      gsize length)
{
  struct iovec local = { .iov_base = to, .iov_len = length };
  struct iovec remote = { .iov_base = (void *) address, .iov_len = length };

  return process_vm_readv (getpid (), &local, 1, &remote, 1, 0) == (gssize) length;
}

static gboolean
peek_pointer (const void *object,
              guint64 offset,
              const char **pointer)
{
  return peek ((const char *) object + offset, pointer, sizeof *pointer);
}

static const struct _Py_DebugOffsets *
find_offsets (void)
{
  const struct _Py_DebugOffsets *offsets = dlsym (RTLD_DEFAULT, "_PyRuntime");

  if (offsets == NULL || memcmp (offsets->cookie, _Py_Debug_Cookie, sizeof offsets->cookie) != 0
      || offsets->version >> 16 != PY_VERSION_HEX >> 16 || offsets->free_threaded)
    return NULL;

  return offsets;
}

static char *
dup_latin1 (const guchar *data,
            gsize length)
{
  GString *text = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    g_string_append_unichar (text, data[i]);

  return g_string_free_and_steal (text);
}

/* (nullable): the text of a str. */
static char *
dup_text (const char *object)
{
  g_autofree guchar *data = NULL;
  PyASCIIObject header;
  gsize size;

  if (!peek (object, &header, sizeof header) || header.ob_base.ob_type != &PyUnicode_Type
      || !header.state.compact || header.length < 0 || header.length > MAX_TEXT)
    return NULL;

  size = (gsize) header.length * header.state.kind;
  data = g_malloc (size + 1);
  object += header.state.ascii ? sizeof (PyASCIIObject) : sizeof (PyCompactUnicodeObject);
  if (!peek (object, data, size))
    return NULL;

  switch (header.state.kind)
    {
    case PyUnicode_1BYTE_KIND:
      return dup_latin1 (data, size);
    case PyUnicode_2BYTE_KIND:
      return g_utf16_to_utf8 ((const gunichar2 *) (gpointer) data, header.length, NULL, NULL, NULL);
    case PyUnicode_4BYTE_KIND:
      return g_ucs4_to_utf8 ((const gunichar *) (gpointer) data, header.length, NULL, NULL, NULL);
    default:
      return NULL;
    }
}

/* A table of lines, as CPython's InternalDocs/code_objects.md describes it. */
typedef struct
{
  const guchar *data;
  gsize length;
  gsize position;
} Table;

static guint
read_varint (Table *table)
{
  guint value = 0;
  guint shift = 0;
  guchar byte;

  do
    {
      if (table->position >= table->length || shift > 24)
        return value;
      byte = table->data[table->position++];
      value |= (guint) (byte & 0x3f) << shift;
      shift += 6;
    }
  while (byte & 0x40);

  return value;
}

static int
read_signed_varint (Table *table)
{
  guint value = read_varint (table);

  return value & 1 ? -(int) (value >> 1) : (int) (value >> 1);
}

/* The line of the instruction at @offset, in units of code; 0: none. */
static int
find_line (Table *table,
           gsize offset,
           int line)
{
  gsize end = 0;

  while (table->position < table->length)
    {
      guchar first = table->data[table->position++];
      guint code = (first >> 3) & 0xf;
      gboolean has_line = TRUE;

      end += (gsize) (first & 7) + 1;
      if (code == 15)
        {
          has_line = FALSE;
        }
      else if (code == 14)
        {
          line += read_signed_varint (table);
          read_varint (table);
          read_varint (table);
          read_varint (table);
        }
      else if (code == 13)
        {
          line += read_signed_varint (table);
        }
      else if (code >= 10)
        {
          line += (int) code - 10;
          table->position += 2;
        }
      else
        {
          table->position += 1;
        }

      if (offset < end)
        return has_line ? line : 0;
    }

  return 0;
}

static int
get_line (const char *address,
          const PyCodeObject *code,
          const char *instruction)
{
  const char *start = address + G_STRUCT_OFFSET (PyCodeObject, co_code_adaptive);
  g_autofree guchar *data = NULL;
  PyBytesObject header;
  Table table = { 0 };
  gsize length;

  if (instruction < start || !peek (code->co_linetable, &header, G_STRUCT_OFFSET (PyBytesObject, ob_sval))
      || header.ob_base.ob_base.ob_type != &PyBytes_Type
      || header.ob_base.ob_size < 0 || header.ob_base.ob_size > MAX_TABLE)
    return code->co_firstlineno;

  length = (gsize) header.ob_base.ob_size;
  data = g_malloc (length + 1);
  if (!peek ((const char *) code->co_linetable + G_STRUCT_OFFSET (PyBytesObject, ob_sval), data, length))
    return code->co_firstlineno;
  table.data = data;
  table.length = length;

  return find_line (&table, (gsize) (instruction - start) / sizeof (guint16), code->co_firstlineno);
}

/* (nullable): what a frame is of; some are of nothing. */
static EngineFrame *
read_frame (const struct _Py_DebugOffsets *offsets,
            const char *frame)
{
  const char *executable;
  const char *instruction;
  g_autofree char *file = NULL;
  g_autofree char *function = NULL;
  PyCodeObject code;
  int line;

  if (!peek_pointer (frame, offsets->interpreter_frame.executable, &executable)
      || !peek_pointer (frame, offsets->interpreter_frame.instr_ptr, &instruction))
    return NULL;

  executable = (const char *) ((guintptr) executable & ~TAG_BITS);
  if (!peek (executable, &code, G_STRUCT_OFFSET (PyCodeObject, co_code_adaptive))
      || code.ob_base.ob_base.ob_type != &PyCode_Type)
    return NULL;

  file = dup_text ((const char *) code.co_filename);
  function = dup_text ((const char *) code.co_qualname);
  line = get_line (executable, &code, instruction);
  if (file == NULL || function == NULL)
    return NULL;

  return engine_frame_new (g_steal_pointer (&file), g_steal_pointer (&function), line);
}

#endif

/* (nullable): the frames of a thread whose state is known to last, innermost
 * first, if it does not run Python code meanwhile; otherwise some of them. */
GPtrArray *
engine_frames_peek (PyThreadState *thread_state)
{
#ifdef CAN_PEEK
  const struct _Py_DebugOffsets *offsets = find_offsets ();
  g_autoptr (GPtrArray) frames = NULL;
  const char *frame;

  if (offsets == NULL || !peek_pointer (thread_state, offsets->thread_state.current_frame, &frame))
    return NULL;

  frames = engine_frames_new ();
  for (guint i = 0; frame != NULL && i < ENGINE_FRAMES_MAX; i++)
    {
      EngineFrame *known = read_frame (offsets, frame);

      if (known != NULL)
        g_ptr_array_add (frames, known);
      if (!peek_pointer (frame, offsets->interpreter_frame.previous, &frame))
        break;
    }

  return g_steal_pointer (&frames);
#else
  return NULL;
#endif
}
