/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as what QEMU says at its monitor, to the real client over a real socket. The first byte
 * says what the client asks for, and whether it has been greeted before. */
#include "fuzz.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-qmp-commands.h"
#include "qemu/vmh-qmp-job.h"
#include "qemu/vmh-qmp-plug.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define GREETING "{\"QMP\": {}}\n{\"return\": {}, \"id\": 0}\n"

typedef struct
{
  int peer;
  VmhQmp *qmp;
  guint begun, ended;
  gboolean open, closed;
} Talk;

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Talk *talk = data;

  talk->qmp = vmh_qmp_open_finish (result, NULL);
  talk->open = TRUE;
}

static void
on_status (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *status = vmh_qmp_query_status_finish (VMH_QMP (source), result, NULL);

  g_assert_true (status == NULL || g_utf8_validate (status, -1, NULL));
  ((Talk *)data)->ended++;
}

static void
on_types (GObject *source, GAsyncResult *result, gpointer data)
{
  g_auto (GStrv) types = vmh_qmp_query_types_finish (VMH_QMP (source), result, NULL);

  ((Talk *)data)->ended++;
}

static void
on_running (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhPlanRunning) running =
      vmh_qmp_query_running_finish (VMH_QMP (source), result, NULL);

  ((Talk *)data)->ended++;
}

static void
on_dumped (GObject *source, GAsyncResult *result, gpointer data)
{
  vmh_qmp_screendump_finish (VMH_QMP (source), result, NULL);
  ((Talk *)data)->ended++;
}

static void
on_job_done (GObject *source, GAsyncResult *result, gpointer data)
{
  vmh_qmp_run_job_finish (VMH_QMP (source), result, NULL);
  ((Talk *)data)->ended++;
}

static void
on_event (VmhQmp *qmp, const char *name, JsonObject *what, gint64 time, gpointer data)
{
  g_assert_nonnull (what);
  g_assert_true (g_utf8_validate (name, -1, NULL));
}

static void
on_closed (VmhQmp *qmp, const GError *error, gpointer data)
{
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  ((Talk *)data)->closed = TRUE;
}

/* What goes wrong in the client's own hands is its affair; what it has closed is not written to. */
static void
say (Talk *talk, const void *bytes, size_t size)
{
  while (size > 0)
    {
      ssize_t n = send (talk->peer, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n < 0 && errno != EAGAIN)
        return;
      if (n < 0)
        {
          g_main_context_iteration (NULL, TRUE);
          continue;
        }
      bytes = (const char *)bytes + n;
      size -= (size_t)n;
    }
}

static void
ask (Talk *talk, uint8_t what)
{
  g_signal_connect (talk->qmp, "event", G_CALLBACK (on_event), talk);
  g_signal_connect (talk->qmp, "closed", G_CALLBACK (on_closed), talk);
  if (what & 2)
    vmh_qmp_query_status_async (talk->qmp, on_status, talk);
  if (what & 4)
    vmh_qmp_query_types_async (talk->qmp, NULL, on_types, talk);
  if (what & 8)
    vmh_qmp_query_running_async (talk->qmp, on_running, talk);
  if (what & 16)
    vmh_qmp_screendump_async (talk->qmp, talk->peer, on_dumped, talk);
  if (what & 32)
    vmh_qmp_run_job_async (talk->qmp, "blockdev-mirror", json_object_new (), NULL, NULL, NULL,
                           on_job_done, talk);
  for (int bit = 2; bit <= 32; bit *= 2)
    if (what & bit)
      talk->begun++;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Talk talk = { 0 };
  int fds[2];

  if (size == 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return 0;
  talk.peer = fds[0];
  vmh_qmp_open_async (fds[1], NULL, on_opened, &talk);
  if ((data[0] & 1) == 0)
    {
      say (&talk, GREETING, strlen (GREETING));
      while (!talk.open)
        g_main_context_iteration (NULL, TRUE);
      ask (&talk, data[0]);
    }
  say (&talk, data + 1, size - 1);
  shutdown (talk.peer, SHUT_WR);
  while (!talk.open || talk.ended < talk.begun || (talk.begun > 0 && !talk.closed))
    g_main_context_iteration (NULL, TRUE);
  if (talk.qmp != NULL)
    {
      g_signal_handlers_disconnect_by_data (talk.qmp, &talk);
      vmh_qmp_close (talk.qmp);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  if (talk.qmp != NULL)
    g_assert_finalize_object (talk.qmp);
  vmh_clear_fd (&talk.peer);
  return 0;
}
