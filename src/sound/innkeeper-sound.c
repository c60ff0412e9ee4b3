/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* innkeeper-sound NAME: plays on the desktop's sound server what the guest at the other end of the
 * socket 3 (VNC) plays, as the sound of the machine NAME. Ends with that, or when its standard
 * input does: who has started it has gone then.
 *
 * A program of its own: nothing that the window does comes between a guest and its sound, and what
 * comes is the guest's: whatever that does here, the window lives. */
#include "sound/inn-rfb.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define ICON       "org.innkeeper.Innkeeper"
#define SOCKET     3
#define RATE       48000 /* Hz; QEMU converts what the guest has */
#define CHANNELS   2
#define MAX_DATA   (1 << 20)
#define FRAME      4                         /* bytes */
#define MS         (RATE / 1000 * FRAME)     /* bytes of a millisecond */
#define SERVER_US  G_GINT64_CONSTANT (60000) /* that the server has in hand, of which… */
#define PERIOD_US  G_GINT64_CONSTANT (10000) /* …it takes so much at a time */
#define LATE_MS    40                        /* that QEMU's timer may be late */
#define MAX_MS     250                       /* that waits for the server; what is older is lost */
#define SILENCE_MS 500                       /* without samples: the guest plays nothing */
#define AGAIN_US   (2 * G_USEC_PER_SEC)      /* till a server that has gone is tried again */

typedef struct
{
  const char *name;
  GstElement *pipeline; /* NULL: there is no server */
  GstElement *source;   /* of it */
  gboolean playing;
  gint64 again;
} Player;

/* Where the sink has a say in it: the server's part of the delay, which is 200 ms else, and what
 * the desktop's mixer shows. */
static void
on_sink_made (GstChildProxy *bin, GObject *sink, const char *name, gpointer data)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (sink);

  if (g_object_class_find_property (klass, "buffer-time") != NULL &&
      g_object_class_find_property (klass, "latency-time") != NULL)
    g_object_set (sink, "buffer-time", SERVER_US, "latency-time", PERIOD_US, NULL);
  if (g_object_class_find_property (klass, "stream-properties") != NULL)
    {
      g_autoptr (GstStructure) shown =
          gst_structure_new ("properties", "application.icon_name", G_TYPE_STRING, ICON, NULL);

      g_object_set (sink, "stream-properties", shown, NULL);
    }
}

static GstElement *
add (GstElement *pipeline, const char *factory, GstElement *before)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL)
    {
      g_printerr ("innkeeper-sound: GStreamer has no %s: install its base and good plugins\n",
                  factory);
      exit (EXIT_FAILURE);
    }
  gst_bin_add (GST_BIN (pipeline), element);
  if (before != NULL)
    gst_element_link (before, element);
  return element;
}

static void
begin (Player *player)
{
  const gboolean big = G_BYTE_ORDER == G_BIG_ENDIAN;
  g_autoptr (GstCaps) caps = gst_caps_new_simple (
      "audio/x-raw", "format", G_TYPE_STRING, big ? "S16BE" : "S16LE", "layout", G_TYPE_STRING,
      "interleaved", "rate", G_TYPE_INT, RATE, "channels", G_TYPE_INT, CHANNELS, NULL);
  GstElement *pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  GstElement *source = add (pipeline, "appsrc", NULL);
  GstElement *resample = add (pipeline, "audioresample", add (pipeline, "audioconvert", source));
  GstElement *sink = add (pipeline, "autoaudiosink", NULL);

  g_signal_connect (sink, "child-added", G_CALLBACK (on_sink_made), NULL);
  /* As it comes: there is no picture that it would have to wait for. */
  g_object_set (sink, "sync", FALSE, NULL);
  gst_element_link (resample, sink);
  g_object_set (source, "caps", caps, "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes",
                (guint64)MAX_MS * MS, "leaky-type", GST_APP_LEAKY_TYPE_DOWNSTREAM, NULL);
  gst_element_set_state (pipeline, GST_STATE_READY);
  player->pipeline = pipeline;
  player->source = source;
  player->again = g_get_monotonic_time () + AGAIN_US;
}

/* Once what is under way has been heard. A stream that stays without samples has lost its time when
 * they come again, and is for nothing in the desktop's mixer. */
static void
rest (Player *player)
{
  if (player->playing)
    gst_element_set_state (player->pipeline, GST_STATE_READY);
  player->playing = FALSE;
}

static void
end (Player *player)
{
  player->playing = FALSE;
  gst_element_set_state (player->pipeline, GST_STATE_NULL);
  g_clear_pointer (&player->pipeline, gst_object_unref);
}

/* Where there is no server GStreamer warns, and plays to nobody. */
static gboolean
has_failed (Player *player)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (player->pipeline);
  GstMessage *message;
  gboolean failed = FALSE;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING)) != NULL)
    {
      g_autoptr (GError) error = NULL;

      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
        gst_message_parse_error (message, &error, NULL);
      else
        gst_message_parse_warning (message, &error, NULL);
      failed |=
          GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR || error->domain == GST_RESOURCE_ERROR;
      gst_message_unref (message);
    }
  return failed;
}

static void
push (Player *player, gconstpointer data, gsize size)
{
  gst_app_src_push_buffer (GST_APP_SRC (player->source), gst_buffer_new_memdup (data, size));
}

static void
play (Player *player, gconstpointer data, gsize size)
{
  static const guint8 silence[LATE_MS * MS];

  if (player->pipeline != NULL && has_failed (player))
    end (player);
  if (player->pipeline == NULL && g_get_monotonic_time () >= player->again)
    begin (player);
  if (player->pipeline == NULL)
    return;
  if (!player->playing)
    {
      gst_element_set_state (player->pipeline, GST_STATE_PLAYING);
      gst_element_send_event (
          player->source, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, player->name, NULL)));
      push (player, silence, sizeof silence);
    }
  player->playing = TRUE;
  push (player, data, size);
}

/* FALSE: whoever has started this has gone. */
static gboolean
wait_for_more (Player *player)
{
  struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                          { .fd = SOCKET, .events = POLLIN } };

  int n;

  while ((n = poll (fds, G_N_ELEMENTS (fds), player->playing ? SILENCE_MS : -1)) <= 0)
    if (n == 0)
      rest (player);
  return fds[0].revents == 0;
}

int
main (int argc, char **argv)
{
  static guint8 data[MAX_DATA];
  Player player = { .name = argc == 2 ? argv[1] : "" };
  int none = 0;
  long n = 0;

  if (argc != 2)
    {
      g_printerr ("innkeeper-sound: NAME\n");
      return EXIT_FAILURE;
    }
  g_set_application_name ("Innkeeper");
  gst_init (&none, NULL);
  begin (&player); /* it takes a moment, and the first sound is to be heard whole */
  if (inn_rfb_begin (SOCKET, RATE, CHANNELS) < 0)
    return EXIT_FAILURE;
  while (n >= 0 && wait_for_more (&player))
    if ((n = inn_rfb_read (SOCKET, data, sizeof data)) > 0)
      play (&player, data, (gsize)n);
  if (player.pipeline != NULL)
    end (&player);
  return EXIT_SUCCESS;
}
