/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how sockets in the runtime folder are made and reached: through a descriptor of the folder,
 * because a socket's name has 107 bytes and a user's runtime folder may have more. */
#include "qemu/vmh-runtime.h"

#include "core/vmh-wire.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"
#include "shim/vmm-shim.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BACKLOG         8
#define SHIM_TIMEOUT_MS 2000 /* the shim answers within microseconds, or is stopped */

/* A socket, and the address of @name; *out_folder must stay open while that is used. */
static int
prepare (VmhBundle *bundle,
         const char *name,
         int type,
         struct sockaddr_un *address,
         int *out_folder,
         GError **error)
{
  const char *path = vmh_bundle_get_runtime_path (bundle);
  VMH_AUTOFD folder = path ? open (path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  int fd = folder < 0 ? -1 : socket (AF_UNIX, type | SOCK_CLOEXEC, 0);

  if (fd < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", path ? path : name,
                   g_strerror (errno));
      return -1;
    }
  address->sun_family = AF_UNIX;
  g_snprintf (address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", folder, name);
  *out_folder = vmh_steal_fd (&folder);
  return fd;
}

int
vmh_runtime_listen (VmhBundle *bundle, const char *name, int type, GError **error)
{
  struct sockaddr_un address = { 0 };
  VMH_AUTOFD folder = -1;
  VMH_AUTOFD fd = prepare (bundle, name, type, &address, &folder, error);

  if (fd < 0)
    return -1;
  unlink (address.sun_path);
  if (bind (fd, (struct sockaddr *)&address, sizeof address) == 0 && listen (fd, BACKLOG) == 0)
    return vmh_steal_fd (&fd);
  g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", name, g_strerror (errno));
  return -1;
}

int
vmh_runtime_connect (VmhBundle *bundle, const char *name, int type, GError **error)
{
  struct sockaddr_un address = { 0 };
  VMH_AUTOFD folder = -1;
  /* Non-blocking: a full backlog is an error, nothing to wait for. */
  VMH_AUTOFD fd = prepare (bundle, name, type | SOCK_NONBLOCK, &address, &folder, error);

  if (fd < 0)
    return -1;
  if (connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return vmh_steal_fd (&fd);
  g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", name, g_strerror (errno));
  return -1;
}

/* The number may be another's by now, if the shim that listened last is dead. */
static gboolean
is_shim (pid_t pid)
{
  static const char name[] = "vmm-shim"; /* its first argument, with the NUL */
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", (int)pid);
  g_autofree char *line = NULL;
  gsize length;

  return g_file_get_contents (path, &line, &length, NULL) && length >= sizeof name &&
         memcmp (line, name, sizeof name) == 0;
}

gboolean
vmh_runtime_find_shim (VmhBundle *bundle, VmhPid *result)
{
  VMH_AUTOFD control = vmh_runtime_connect (bundle, "shim", SOCK_SEQPACKET, NULL);
  struct ucred peer;
  socklen_t size = sizeof peer;

  return control >= 0 && getsockopt (control, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         vmh_pid_look (peer.pid, result) && is_shim (peer.pid);
}

/* ---- a viewer of a line, a network card ---- */

typedef struct
{
  char *line;
  gboolean card; /* it is a network card's */
  int control;
  int told; /* what the answer goes with is read here; or -1 */
  guint source, timeout;
} View;

static void
view_free (gpointer data)
{
  View *view = data;

  g_clear_handle_id (&view->source, g_source_remove);
  g_clear_handle_id (&view->timeout, g_source_remove);
  vmh_clear_fd (&view->control);
  vmh_clear_fd (&view->told);
  g_free (view->line);
  g_free (view);
}

/* Consumes @task. */
static void
end_view (GTask *task, int failure)
{
  View *view = g_task_get_task_data (task);

  g_clear_handle_id (&view->source, g_source_remove);
  g_clear_handle_id (&view->timeout, g_source_remove);
  if (failure == 0)
    g_task_return_boolean (task, TRUE);
  else if (failure == EUSERS)
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_LIMIT,
                             _ ("Too many windows show this machine's text lines. Close some."));
  else if (view->card)
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_IO,
                             _ ("The network card cannot be connected: %s."), g_strerror (failure));
  else
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_IO,
                             _ ("The line “%s” cannot be shown: %s."), view->line,
                             g_strerror (failure));
  g_object_unref (task);
}

static gboolean
on_view_answered (int fd, GIOCondition condition, gpointer data)
{
  View *view = g_task_get_task_data (data);
  int32_t answer;
  ssize_t n = recv (fd, &answer, sizeof answer, 0);

  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  view->source = 0;
  end_view (data, n == sizeof answer ? answer : EPROTO);
  return G_SOURCE_REMOVE;
}

static gboolean
on_view_late (gpointer data)
{
  View *view = g_task_get_task_data (data);

  view->timeout = 0;
  end_view (data, ETIMEDOUT);
  return G_SOURCE_REMOVE;
}

/* @told, consumed: the other end of @socket where it is read here, or -1. */
static void
ask_shim (VmhBundle *bundle,
          const char *name,
          uint32_t flags,
          int socket,
          int told,
          GAsyncReadyCallback callback,
          gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  struct vmm_shim_request request = { .flags = flags };
  View *view = g_new0 (View, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, ask_shim);
  g_task_set_task_data (task, view, view_free);
  view->line = g_strdup (name);
  view->card = flags >= VMM_SHIM_FLAG_NET;
  view->told = told;
  view->control = vmh_runtime_connect (bundle, "shim", SOCK_SEQPACKET, &error);
  if (view->control < 0)
    {
      g_task_return_error (task, error);
      return;
    }
  g_strlcpy (request.name, name, sizeof request.name);
  if (vmh_wire_send (view->control, &request, sizeof request, socket, 0) != sizeof request)
    {
      end_view (g_steal_pointer (&task), errno ? errno : EPROTO);
      return;
    }
  view->source = g_unix_fd_add (view->control, G_IO_IN | G_IO_HUP, on_view_answered, task);
  view->timeout = g_timeout_add (SHIM_TIMEOUT_MS, on_view_late, g_steal_pointer (&task));
}

void
vmh_runtime_view_async (VmhBundle *bundle,
                        const char *name,
                        gboolean history,
                        gboolean read_only,
                        int socket,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  ask_shim (bundle, name,
            (history ? VMM_SHIM_FLAG_HISTORY : 0) | (read_only ? VMM_SHIM_FLAG_READ_ONLY : 0),
            socket, -1, callback, data);
}

void
vmh_runtime_connect_card_async (VmhBundle *bundle,
                                const char *name,
                                int socket,
                                GAsyncReadyCallback callback,
                                gpointer data)
{
  ask_shim (bundle, name, VMM_SHIM_FLAG_NET, socket, -1, callback, data);
}

gboolean
vmh_runtime_view_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* FALSE: it has failed. */
static gboolean
make_pair (int *pair, GAsyncReadyCallback callback, gpointer data)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0)
    return TRUE;
  g_task_report_new_error (NULL, callback, data, make_pair, INN_ERROR, INN_ERROR_LIMIT,
                           "socketpair: %s", g_strerror (errno));
  return FALSE;
}

void
vmh_runtime_limit_card_async (VmhBundle *bundle,
                              const char *name,
                              const VmhCardLimits *limits,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  const struct vmm_shim_limit limit = { limits->to_guest, limits->to_guest_burst,
                                        limits->from_guest, limits->from_guest_burst };
  int pair[2];

  if (!make_pair (pair, callback, data))
    return;
  /* An empty socket takes it at once. */
  if (send (pair[0], &limit, sizeof limit, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof limit)
    g_warning ("%s: %s", name, g_strerror (errno));
  ask_shim (bundle, name, VMM_SHIM_FLAG_LIMIT, pair[1], pair[0], callback, data);
  close (pair[1]);
}

void
vmh_runtime_count_card_async (VmhBundle *bundle,
                              const char *name,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  int pair[2];

  if (!make_pair (pair, callback, data))
    return;
  ask_shim (bundle, name, VMM_SHIM_FLAG_COUNT, pair[1], pair[0], callback, data);
  close (pair[1]);
}

gboolean
vmh_runtime_count_card_finish (GAsyncResult *result,
                               guint64 *out_sent,
                               guint64 *out_received,
                               GError **error)
{
  const View *view = g_task_get_task_data (G_TASK (result));
  struct vmm_shim_count count;

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  /* It was written before the answer. */
  if (recv (view->told, &count, sizeof count, MSG_DONTWAIT) != sizeof count)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_IO, g_strerror (EPROTO));
      return FALSE;
    }
  *out_sent = count.sent;
  *out_received = count.received;
  return TRUE;
}
