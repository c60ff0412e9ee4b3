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
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
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

gboolean
vmh_runtime_view (VmhBundle *bundle,
                  const char *name,
                  gboolean history,
                  gboolean read_only,
                  int socket,
                  GError **error)
{
  struct timeval patience = { .tv_sec = SHIM_TIMEOUT_MS / 1000 };
  struct vmm_shim_request request = { .flags = (history ? VMM_SHIM_FLAG_HISTORY : 0) |
                                               (read_only ? VMM_SHIM_FLAG_READ_ONLY : 0) };
  VMH_AUTOFD control = vmh_runtime_connect (bundle, "shim", SOCK_SEQPACKET, error);
  int32_t answer = EPROTO;

  if (control < 0)
    return FALSE;
  g_strlcpy (request.name, name, sizeof request.name);
  fcntl (control, F_SETFL, 0);
  setsockopt (control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt (control, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (vmh_wire_send (control, &request, sizeof request, socket, 0) != sizeof request ||
      recv (control, &answer, sizeof answer, 0) != sizeof answer)
    answer = errno ? errno : EPROTO;
  if (answer == 0)
    return TRUE;
  if (answer == EUSERS)
    g_set_error_literal (error, INN_ERROR, INN_ERROR_LIMIT,
                         _ ("Too many windows show this machine's text lines. Close some."));
  else
    g_set_error (error, INN_ERROR, INN_ERROR_IO, _ ("The line “%s” cannot be shown: %s."), name,
                 g_strerror (answer));
  return FALSE;
}
