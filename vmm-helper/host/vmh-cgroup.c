/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "host/vmh-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/inn-errors.h"
#include "shared/inn-schema.h"

#define OURS          "innkeeper" /* what holds the guests' groups */
#define SHARES        1024        /* what everything has that nobody has chosen for */
#define WEIGHT        100         /* and in cgroup 2 */
#define TEXT          96
#define MAX_GROUPS    4096 /* that are looked at to be removed */
#define V2_CONTROLLER "+cpu"
#define AGAIN_MS      100 /* the last processes of a guest end after it */
#define TRIES         50

typedef enum
{
  NONE,
  V1,
  V2,
} Version;

/* Where the cpu controller is, of the mounts that we see (proc(5), mountinfo). */
static Version
find_hierarchy (char **out_path)
{
  g_autofree char *mounts = NULL;
  g_auto (GStrv) lines = NULL;
  Version found = NONE;

  *out_path = NULL;
  if (!g_file_get_contents ("/proc/self/mountinfo", &mounts, NULL, NULL))
    return NONE;
  lines = g_strsplit (mounts, "\n", -1);
  for (char **line = lines; *line && found == NONE; line++)
    {
      const char *tail = strstr (*line, " - ");
      g_auto (GStrv) head = g_strsplit (*line, " ", 6);
      g_auto (GStrv) kind = g_strsplit (tail ? tail + 3 : "", " ", 3);
      g_auto (GStrv) options = NULL;

      if (g_strv_length (kind) < 3 || g_strv_length (head) < 5)
        continue;
      options = g_strsplit (kind[2], ",", -1);
      if (g_str_equal (kind[0], "cgroup") && g_strv_contains ((const char *const *)options, "cpu"))
        found = V1;
      else if (g_str_equal (kind[0], "cgroup2"))
        {
          g_autofree char *file = g_build_filename (head[4], "cgroup.controllers", NULL);
          g_autofree char *controllers = NULL;
          g_auto (GStrv) words = NULL;

          if (!g_file_get_contents (file, &controllers, NULL, NULL))
            continue;
          words = g_strsplit (g_strstrip (controllers), " ", -1);
          if (g_strv_contains ((const char *const *)words, "cpu"))
            found = V2;
        }
      if (found != NONE)
        *out_path = g_strdup (head[4]);
    }
  return found;
}

static gboolean
fail (GError **error, const char *what, int code)
{
  g_set_error (error, INN_ERROR, INN_ERROR_FAILED,
               _ ("The machine’s share of processor time cannot be set: %s: %s."), what,
               g_strerror (code));
  return FALSE;
}

/* The kernel takes what one write() has. */
static int
put_text (const char *path, const char *text)
{
  const size_t length = strlen (text);
  int fd = open (path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  int code = fd >= 0 && write (fd, text, length) == (ssize_t)length ? 0 : errno;

  if (fd >= 0)
    close (fd);
  return code;
}

static gboolean
put (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int code = put_text (path, text);

  return code == 0 || fail (error, path, code);
}

/* Those that have ended meanwhile are in none. */
static gboolean
put_processes (const char *folder, const GArray *pids, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "cgroup.procs", NULL);

  for (guint i = 0; i < pids->len; i++)
    {
      char pid[TEXT];
      int code;

      g_snprintf (pid, sizeof pid, "%d", (int)g_array_index (pids, pid_t, i));
      code = put_text (path, pid);
      if (code != 0 && code != ESRCH)
        return fail (error, path, code);
    }
  return TRUE;
}

static gboolean
make (const char *folder, GError **error)
{
  return mkdir (folder, 0755) == 0 || errno == EEXIST || fail (error, folder, errno);
}

guint64
vmh_cgroup_get_weight (const VmhShare *share)
{
  return share->weight > 0 ? CLAMP (share->weight * WEIGHT / SHARES, 1, 10000) : WEIGHT;
}

static gboolean
put_share (Version version, const char *folder, const VmhShare *share, GError **error)
{
  char limit[TEXT], weight[TEXT];

  if (version == V1)
    {
      g_snprintf (weight, sizeof weight, "%" G_GUINT64_FORMAT,
                  share->weight > 0 ? share->weight : SHARES);
      g_snprintf (limit, sizeof limit, "%" G_GINT64_FORMAT,
                  share->limit > 0 ? (gint64)share->limit : -1);
      return put (folder, "cpu.cfs_period_us", G_STRINGIFY (INN_CPU_PERIOD), error) &&
             put (folder, "cpu.cfs_quota_us", limit, error) &&
             put (folder, "cpu.shares", weight, error);
    }
  g_snprintf (weight, sizeof weight, "%" G_GUINT64_FORMAT, vmh_cgroup_get_weight (share));
  if (share->limit > 0)
    g_snprintf (limit, sizeof limit, "%" G_GUINT64_FORMAT " %d", share->limit, INN_CPU_PERIOD);
  else
    g_snprintf (limit, sizeof limit, "max %d", INN_CPU_PERIOD);
  return put (folder, "cpu.max", limit, error) && put (folder, "cpu.weight", weight, error);
}

gboolean
vmh_cgroup_set (const char *id, const GArray *pids, const VmhShare *share, GError **error)
{
  g_autofree char *top = NULL, *ours = NULL, *folder = NULL;
  Version version = find_hierarchy (&top);

  if (version == NONE)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                           _ ("This computer’s kernel does not divide processor time: it has no "
                              "control groups for it."));
      return FALSE;
    }
  ours = g_build_filename (top, OURS, NULL);
  folder = g_build_filename (ours, id, NULL);
  if (version == V2 && !put (top, "cgroup.subtree_control", V2_CONTROLLER, error))
    return FALSE;
  return make (ours, error) &&
         (version != V2 || put (ours, "cgroup.subtree_control", V2_CONTROLLER, error)) &&
         make (folder, error) && put_share (version, folder, share, error) &&
         put_processes (folder, pids, error);
}

static gboolean
remove_group (const char *id)
{
  g_autofree char *top = NULL, *ours = NULL, *folder = NULL;

  if (find_hierarchy (&top) == NONE)
    return TRUE;
  ours = g_build_filename (top, OURS, NULL);
  folder = g_build_filename (ours, id, NULL);
  if (rmdir (folder) < 0 && errno == EBUSY)
    return FALSE;
  rmdir (ours); /* not empty: others have groups in it */
  return TRUE;
}

typedef struct
{
  char *id;
  guint tries;
} Removal;

static void
removal_free (gpointer data)
{
  Removal *removal = data;

  g_free (removal->id);
  g_free (removal);
}

static gboolean
on_try_again (gpointer data)
{
  Removal *removal = data;

  return remove_group (removal->id) || ++removal->tries == TRIES ? G_SOURCE_REMOVE
                                                                 : G_SOURCE_CONTINUE;
}

void
vmh_cgroup_remove (const char *id)
{
  Removal *removal;

  if (remove_group (id))
    return;
  removal = g_new0 (Removal, 1);
  removal->id = g_strdup (id);
  g_timeout_add_full (G_PRIORITY_DEFAULT, AGAIN_MS, on_try_again, removal, removal_free);
}

void
vmh_cgroup_sweep (void)
{
  g_autofree char *top = NULL, *ours = NULL;
  g_autoptr (GDir) groups = NULL;
  const char *name;

  if (find_hierarchy (&top) == NONE)
    return;
  ours = g_build_filename (top, OURS, NULL);
  groups = g_dir_open (ours, 0, NULL);
  for (guint i = 0; groups && i < MAX_GROUPS && (name = g_dir_read_name (groups)); i++)
    {
      g_autofree char *folder = g_build_filename (ours, name, NULL);

      if (g_file_test (folder, G_FILE_TEST_IS_DIR))
        rmdir (folder); /* EBUSY: something runs in it */
    }
  if (groups)
    rmdir (ours);
}
