/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as what a guest's agent says, to the real client over a real socket. The first byte: it
 * has woken up before (as nobody can who does not know the number), or not. */
#include "fuzz.h"
#include "qemu/vmh-agent-info.h"
#include "qemu/vmh-fd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef struct
{
  gboolean over;
  GPtrArray *answers;
} Talk;

static void
on_talked (GObject *source, GAsyncResult *result, gpointer data)
{
  Talk *talk = data;

  talk->answers = vmh_agent_ask_finish (result, NULL);
  talk->over = TRUE;
}

static void
say (int peer, const Talk *talk, const void *bytes, size_t size)
{
  while (size > 0 && !talk->over)
    {
      ssize_t n = send (peer, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

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

/* What it is asked first has the number that its answer must have. */
static void
wake (int peer, const Talk *talk)
{
  char buffer[512] = "";
  g_autofree char *answer = NULL;
  const char *at;

  if (recv (peer, buffer, sizeof buffer - 1, 0) <= 0 || !(at = strstr (buffer, "\"id\": ")))
    abort ();
  answer = g_strdup_printf ("\xff{\"return\": %" G_GINT64_FORMAT "}\n",
                            g_ascii_strtoll (at + strlen ("\"id\": "), NULL, 10));
  say (peer, talk, answer, strlen (answer));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Talk talk = { 0 };
  g_autoptr (GVariant) info = NULL;
  int fds[2];

  if (size == 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return 0;
  vmh_agent_talk_async (fds[1], vmh_agent_info_list (), on_talked, &talk);
  if ((data[0] & 1) == 0)
    wake (fds[0], &talk);
  say (fds[0], &talk, data + 1, size - 1);
  shutdown (fds[0], SHUT_WR);
  while (!talk.over)
    g_main_context_iteration (NULL, TRUE);
  info = g_variant_ref_sink (vmh_agent_info_build (talk.answers));
  g_assert_true (g_variant_is_normal_form (info));
  for (guint i = 0; talk.answers && i < talk.answers->len; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!vmh_agent_check (talk.answers->pdata[i], &error))
        g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  g_clear_pointer (&talk.answers, g_ptr_array_unref);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  vmh_clear_fd (&fds[0]);
  return 0;
}
