/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The QEMU programs of this host and their versions. Asks them nothing but --version; what a QEMU
 * can do is known in vmm-helper/qemu. */

#include "vmh-host-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/vmh-spawn.h"

#define PREFIX "qemu-system-"

/* A QEMU that takes longer than this to tell its version is not waited for, in seconds. */
#define VERSION_TIMEOUT 10

/* Bytes; QEMU says a line and a copyright. */
#define MAX_VERSION 4096

VmhEmulator *
vmh_host_find_emulator (VmhHost *host, const char *arch)
{
  for (guint i = 0; i < host->emulators->len; i++)
    {
      VmhEmulator *emulator = g_ptr_array_index (host->emulators, i);

      if (g_str_equal (emulator->arch, arch))
        return emulator;
    }
  return NULL;
}

static gboolean
is_elf (VmhHost *host, const char *path)
{
  g_autofree char *full = vmh_host_path (host, path);
  char magic[4] = { 0 };
  int fd = open (full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  gboolean elf;

  if (fd < 0)
    return FALSE;
  elf = read (fd, magic, sizeof magic) == sizeof magic && memcmp (magic, "\177ELF", 4) == 0;
  close (fd);
  return elf;
}

static void
add_emulator (VmhHost *host, const char *arch, const char *path)
{
  VmhEmulator *emulator = vmh_host_find_emulator (host, arch);
  g_autofree char *full = vmh_host_path (host, path);

  if (access (full, X_OK) != 0 || g_file_test (full, G_FILE_TEST_IS_DIR))
    return;
  if (emulator == NULL)
    {
      emulator = g_new0 (VmhEmulator, 1);
      emulator->arch = g_strdup (arch);
      emulator->version = g_strdup ("");
      g_ptr_array_add (host->emulators, emulator);
    }
  else if (is_elf (host, emulator->path) || !is_elf (host, path))
    /* The first wins, but Debian's /usr/bin/qemu-system-i386 is a script around the program in
     * libexec, and the guest's sandbox has no shell. */
    return;
  g_free (emulator->path);
  emulator->path = g_strdup (path);
}

static int
compare_emulators (gconstpointer a, gconstpointer b)
{
  const VmhEmulator *const *left = a;
  const VmhEmulator *const *right = b;

  return strcmp ((*left)->arch, (*right)->arch);
}

void
vmh_host_read_emulators (VmhHost *host)
{
  static const char *const folders[] = { "/usr/bin", "/usr/libexec" };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = vmh_host_path (host, folders[i]);
      g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = NULL;

          /* "qemu-system-x86_64-microvm" and the like are no architectures. */
          if (!g_str_has_prefix (name, PREFIX) || strchr (name + strlen (PREFIX), '-') != NULL)
            continue;
          path = g_build_filename (folders[i], name, NULL);
          add_emulator (host, vmh_arch_from_qemu (name + strlen (PREFIX)), path);
        }
    }
  /* Red Hat's only name for the one that fits the computer. */
  if (vmh_host_find_emulator (host, vmh_arch_from_qemu (host->machine)) == NULL)
    add_emulator (host, vmh_arch_from_qemu (host->machine), "/usr/libexec/qemu-kvm");
  g_ptr_array_sort (host->emulators, compare_emulators);
}

typedef struct
{
  guint next;          /* index of the emulator to ask next */
  char *arch;          /* of the one that is being asked; others may come meanwhile */
  char *key;           /* of the one that is being asked */
  VmhProcess *process; /* likewise */
} Scan;

static void
scan_free (Scan *scan)
{
  g_clear_pointer (&scan->process, vmh_process_unref);
  g_free (scan->key);
  g_free (scan->arch);
  g_free (scan);
}

static void scan_next (GTask *task);

/* "QEMU emulator version 7.2.22 (Debian …)" → "7.2.22", "" if it says no such thing. */
static char *
parse_version (const char *text)
{
  const char *found = text != NULL ? strstr (text, "version ") : NULL;

  if (found == NULL)
    return g_strdup ("");
  found += strlen ("version ");
  return g_strndup (found, strspn (found, "0123456789."));
}

static void
on_version_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Scan *scan = g_task_get_task_data (task);
  VmhHost *host = g_task_get_source_object (task);
  VmhEmulator *emulator = vmh_host_find_emulator (host, scan->arch);
  g_autoptr (GBytes) output = vmh_process_get_output (scan->process);
  g_autofree char *text = g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output));

  vmh_process_wait_finish (scan->process, result, NULL);
  if (g_task_return_error_if_cancelled (task))
    return;
  g_free (emulator->version);
  emulator->version = parse_version (text);
  g_hash_table_insert (host->versions, g_steal_pointer (&scan->key), g_strdup (emulator->version));
  g_clear_pointer (&scan->process, vmh_process_unref);
  scan->next++;
  scan_next (g_steal_pointer (&task));
}

/* Takes the task over. */
static void
scan_next (GTask *owned_task)
{
  g_autoptr (GTask) task = owned_task;
  Scan *scan = g_task_get_task_data (task);
  VmhHost *host = g_task_get_source_object (task);

  for (; scan->next < host->emulators->len; scan->next++)
    {
      VmhEmulator *emulator = g_ptr_array_index (host->emulators, scan->next);
      g_autofree char *path = vmh_host_path (host, emulator->path);
      struct stat st;
      g_autoptr (VmhSpawn) spawn = NULL;
      GCancellable *cancellable;
      const char *known;

      if (stat (path, &st) != 0)
        continue;
      g_free (scan->key);
      scan->key = g_strdup_printf ("%s %" G_GINT64_FORMAT ".%09ld", path, (gint64)st.st_mtim.tv_sec,
                                   st.st_mtim.tv_nsec);
      known = g_hash_table_lookup (host->versions, scan->key);
      if (known != NULL)
        {
          g_free (emulator->version);
          emulator->version = g_strdup (known);
          continue;
        }
      g_free (scan->arch);
      scan->arch = g_strdup (emulator->arch);
      spawn = vmh_spawn_new (path, geteuid ());
      vmh_spawn_bind (spawn);
      vmh_spawn_add_arg (spawn, "--version");
      vmh_spawn_capture (spawn, STDOUT_FILENO, MAX_VERSION);
      scan->process = vmh_spawn_start (spawn, NULL, NULL, NULL);
      if (scan->process == NULL)
        continue;
      cancellable = g_task_get_cancellable (task);
      vmh_process_wait_async (scan->process, VERSION_TIMEOUT, cancellable, on_version_read,
                              g_steal_pointer (&task));
      return;
    }
  g_task_return_boolean (task, TRUE);
}

void
vmh_host_scan_async (VmhHost *host,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  GTask *task = g_task_new (host, cancellable, callback, data);

  g_task_set_source_tag (task, vmh_host_scan_async);
  g_task_set_task_data (task, g_new0 (Scan, 1), (GDestroyNotify)scan_free);
  scan_next (task);
}

gboolean
vmh_host_scan_finish (VmhHost *host, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, host), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
