/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the file "record" in a machine's runtime folder. */
#include "qemu/vmh-record.h"

#include "devices/vmh-plan.h"
#include "qemu/vmh-fd.h"
#include "shim/vmm-shim.h"

#include <fcntl.h>
#include <string.h>

#define GROUP    "guest"
#define NAME     "record"
#define NEW      ".record.new"
#define END      "exit"
#define MAX_FILE 65536

void
vmh_record_free (VmhRecord *record)
{
  g_free (record->accelerator);
  g_free (record->reason);
  g_free (record->user_network);
  g_clear_pointer (&record->shares, g_array_unref);
  g_strfreev (record->lines);
  g_strfreev (record->displays);
  g_free (record);
}

static void
set_pid (GKeyFile *file, const char *name, const VmhPid *pid)
{
  g_autofree char *start = g_strconcat (name, "-start", NULL);

  g_key_file_set_integer (file, GROUP, name, pid->pid);
  g_key_file_set_uint64 (file, GROUP, start, pid->start);
}

static void
get_pid (GKeyFile *file, const char *name, VmhPid *pid)
{
  g_autofree char *start = g_strconcat (name, "-start", NULL);

  pid->pid = g_key_file_get_integer (file, GROUP, name, NULL);
  pid->start = g_key_file_get_uint64 (file, GROUP, start, NULL);
}

/* "PID START", for each. */
static void
set_pids (GKeyFile *file, const char *name, const GArray *pids)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  for (guint i = 0; pids && i < pids->len; i++)
    {
      const VmhPid *pid = &g_array_index (pids, VmhPid, i);
      g_autofree char *text = g_strdup_printf ("%d %" G_GUINT64_FORMAT, (int)pid->pid, pid->start);

      g_strv_builder_add (builder, text);
    }
  list = g_strv_builder_end (builder);
  if (*list)
    g_key_file_set_string_list (file, GROUP, name, (const char *const *)list, g_strv_length (list));
}

static GArray *
get_pids (GKeyFile *file, const char *name)
{
  g_auto (GStrv) list = g_key_file_get_string_list (file, GROUP, name, NULL, NULL);
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (VmhPid));

  for (char **text = list; text && *text; text++)
    {
      char *end = *text;
      VmhPid pid = { 0 };

      pid.pid = (pid_t)g_ascii_strtoll (*text, &end, 10);
      pid.start = g_ascii_strtoull (end, NULL, 10);
      if (pid.pid > 0)
        g_array_append_val (pids, pid);
    }
  return pids;
}

static void
set_list (GKeyFile *file, const char *name, char **list)
{
  if (list)
    g_key_file_set_string_list (file, GROUP, name, (const char *const *)list, g_strv_length (list));
}

/* Of what says whose processes they are. A number that was cut short is a number, too, and nobody
 * has that pid: the guest would be taken for one that has ended. */
static char *
dup_check (const VmhRecord *record)
{
  g_autofree char *text = g_strdup_printf (
      "%s %d %" G_GUINT64_FORMAT " %d %" G_GUINT64_FORMAT, vmh_boot_id (), (int)record->shim.pid,
      record->shim.start, (int)record->qemu.pid, record->qemu.start);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

/* Never NULL: the file may be damaged, and a guest that runs is attached to all the same. */
static char *
get_text (GKeyFile *file, const char *name)
{
  char *text = g_key_file_get_string (file, GROUP, name, NULL);

  return text ? text : g_strdup ("");
}

gboolean
vmh_record_save (const VmhRecord *record, VmhBundle *bundle, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *check = dup_check (record);
  g_autofree char *text = NULL;

  g_key_file_set_string (file, GROUP, "boot", vmh_boot_id ());
  set_pid (file, "shim", &record->shim);
  set_pid (file, "qemu", &record->qemu);
  g_key_file_set_string (file, GROUP, "check", check);
  g_key_file_set_string (file, GROUP, "accelerator", record->accelerator);
  g_key_file_set_string (file, GROUP, "reason", record->reason ? record->reason : "");
  g_key_file_set_string (file, GROUP, "user-network", record->user_network);
  if (record->starting)
    g_key_file_set_boolean (file, GROUP, "starting", TRUE);
  if (record->beside)
    g_key_file_set_boolean (file, GROUP, "beside", TRUE);
  if (record->ending)
    g_key_file_set_boolean (file, GROUP, "ending", TRUE);
  set_pids (file, "shares", record->shares);
  set_list (file, "lines", record->lines);
  set_list (file, "displays", record->displays);
  text = g_key_file_to_data (file, NULL, NULL);
  return vmh_bundle_save_runtime (bundle, NAME, text, error);
}

VmhRecord *
vmh_record_load (VmhBundle *bundle)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (VmhRecord) record = g_new0 (VmhRecord, 1);
  VMH_AUTOFD fd = vmh_bundle_open_runtime (bundle, NAME, O_RDONLY | O_NONBLOCK, NULL);
  g_autofree char *text = g_malloc0 (MAX_FILE);
  g_autofree char *said = NULL;
  g_autofree char *check = NULL;
  ssize_t n = fd < 0 ? -1 : read (fd, text, MAX_FILE - 1);

  if (n <= 0 || !g_key_file_load_from_data (file, text, (gsize)n, G_KEY_FILE_NONE, NULL))
    return NULL;
  get_pid (file, "shim", &record->shim);
  get_pid (file, "qemu", &record->qemu);
  said = g_key_file_get_string (file, GROUP, "check", NULL);
  check = dup_check (record); /* with this boot's id */
  if (g_strcmp0 (said, check) != 0)
    return NULL;
  record->accelerator = get_text (file, "accelerator");
  record->reason = get_text (file, "reason");
  record->user_network = get_text (file, "user-network");
  record->starting = g_key_file_get_boolean (file, GROUP, "starting", NULL);
  record->beside = g_key_file_get_boolean (file, GROUP, "beside", NULL);
  record->ending = g_key_file_get_boolean (file, GROUP, "ending", NULL);
  record->shares = get_pids (file, "shares");
  record->lines = g_key_file_get_string_list (file, GROUP, "lines", NULL, NULL);
  record->displays = g_key_file_get_string_list (file, GROUP, "displays", NULL, NULL);
  /* Each may be missing in a damaged one. */
  if (!record->lines)
    record->lines = g_new0 (char *, 1);
  if (!record->displays)
    record->displays = g_new0 (char *, 1);
  return g_steal_pointer (&record);
}

static gboolean
is_on_disk (const VmhRecord *record, VmhBundle *bundle)
{
  g_autoptr (VmhRecord) found = vmh_record_load (bundle);

  return found && found->shim.pid == record->shim.pid && found->shim.start == record->shim.start;
}

void
vmh_record_remove (VmhBundle *bundle, const VmhRecord *record)
{
  static const char *const names[] = {
    NAME,      NEW,    END,     "live.xml", ".live.xml.new",  "changes",          ".changes.new",
    "monitor", "shim", "agent", "events",   VMH_SHARE_SOCKET, VMH_SCREEN_VIEWERS, VMH_SCREEN_QEMU,
    NULL
  };
  const char *folder = vmh_bundle_get_runtime_path (bundle);

  if (record && !is_on_disk (record, bundle))
    return;
  for (const char *const *name = names; folder && *name; name++)
    {
      g_autofree char *path = g_build_filename (folder, *name, NULL);

      unlink (path);
    }
  for (guint i = 0; folder && i < VMH_PLAN_REDIRECTS; i++)
    {
      g_autofree char *name = vmh_plan_dup_redirect (i);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      unlink (path);
    }
}

gboolean
vmh_record_load_end (VmhBundle *bundle, GBytes **out_words)
{
  VMH_AUTOFD fd = vmh_bundle_open_runtime (bundle, END, O_RDONLY | O_NONBLOCK, NULL);
  char text[64 + VMM_SHIM_TAIL];
  ssize_t n = fd >= 0 ? read (fd, text, sizeof text) : -1;
  const char *line_end = n > 0 ? memchr (text, '\n', (gsize)n) : NULL;
  const char *words = line_end ? line_end + 1 : NULL;

  *out_words = words && words < text + n ? g_bytes_new (words, (gsize)(text + n - words)) : NULL;
  return words && strncmp (text, "exit 0\n", (gsize)(words - text)) == 0;
}
