/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* What the drivers in C and Vala share: the table and the record of a run; and
 * those in C, the way a scenario is run. Nothing here knows Subiter's headers. */

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/* How a language does what needs more than signals and properties. */
typedef struct
{
  GObject *(*new_source) (JsonObject *scenario,
                          const char *folder,
                          GError **error);
  void (*call) (GObject *source,
                const char *method);
  void (*set_item_func) (GObject *source,
                         GCallback func,
                         gpointer data);
  GVariant *(*next) (GObject *source,
                     GError **error);
  /* one item if max_items is 0 */
  void (*next_async) (GObject *source,
                      guint max_items,
                      GAsyncReadyCallback callback,
                      gpointer data);
  /* no items at the end */
  GPtrArray *(*next_finish) (GObject *source,
                             guint max_items,
                             GAsyncResult *result,
                             GError **error);
  void (*close_async) (GObject *source,
                       GAsyncReadyCallback callback,
                       gpointer data);
  gboolean (*close_finish) (GObject *source,
                            GAsyncResult *result,
                            GError **error);
  /* such as "not-found"; NULL: not of Subiter's domain */
  char *(*get_code) (const GError *error);
  /* (nullable): the cause of a boxed failure, not to be freed */
  gpointer (*get_failure_cause) (gpointer failure);
  /* (nullable): "exception_type", "message" or "traceback" of a boxed failure */
  char *(*get_failure_text) (gpointer failure,
                             const char *what);
  char **(*get_failure_notes) (gpointer failure);
} Language;

/* What was seen of a scenario. */
typedef struct
{
  JsonObject *scenario;
  /* what is wrong, a line each */
  GString *trouble;

  GPtrArray *items;
  GChecksum *checksum;
  GPtrArray *ends;
  GPtrArray *log;
  /* by SubiterStream */
  GString *output[3];

  char *code;
  char *message;
  char *exception_type;
  char *traceback;
  char **notes;
  char **causes;
  double progress;
  char *progress_text;
} Record;

Record *record_new (JsonObject *scenario);
void record_free (Record *record);
void record_trouble (Record *record,
                     const char *format,
                     ...) G_GNUC_PRINTF (2, 3);
void record_item (Record *record,
                  GVariant *item);
void record_end (Record *record,
                 const char *name);
void record_output (Record *record,
                    int stream,
                    const char *text);
gboolean record_has_output (Record *record,
                            const char *text);
/* The strings of the failure may be NULL; the code is too if it is not Subiter's. */
void record_error (Record *record,
                   const char *code,
                   const char *message);
void record_failure (Record *record,
                     const char *exception_type,
                     const char *traceback,
                     const char *const *notes);
/* The types of what caused the failure, the nearest one first. */
void record_causes (Record *record,
                    const char *const *causes);
void record_progress (Record *record,
                      double progress,
                      const char *text);
void record_check (Record *record);
/* Of a scenario whose callable could not be made. */
void record_check_refused (Record *record);

GVariant *scenario_get_variant (JsonObject *scenario,
                                const char *member);
/* (nullable): the folders or names of @member, made absolute if @folder is given */
char **scenario_get_strv (JsonObject *scenario,
                          const char *member,
                          const char *folder);
/* (nullable): the expression as source code */
char *scenario_get_code (JsonObject *scenario);

typedef void (*RunFunc) (Record *record,
                         const char *folder,
                         gpointer data);

/* A RunFunc; the data is a Language. */
void run_scenario (Record *record,
                   const char *folder,
                   gpointer data);
int run_table (int argc,
               char **argv,
               RunFunc run,
               gpointer data);
