/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* vmm-card SOCKET [CERTIFICATE …]: the smart card of one guest, for QEMU's ccid-card-passthru at
 * the other end of the fd SOCKET. With certificates it is a card that has them and their keys,
 * which are in the database of NSS in FOLDER of its room; without it is what is in this computer's
 * reader, whose service (pcscd) is asked.
 *
 * Runs as the machine's owner in a room of its own, so that neither QEMU nor the guest has a key.
 * It ends with its connection. libcacard does all that a card does; here is QEMU's wire alone
 * (vscard_common.h: type, reader and length as 32-bit numbers in network order, then so many
 * bytes). What comes is the guest's, and bounded. */
#include <arpa/inet.h>
#include <cacard/libcacard.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FOLDER   "/state"
#define NAME     "Innkeeper"
#define MAX_ATR  40
#define MAX_APDU (64 * 1024 + 16)
#define READER   0 /* the only one there is */

typedef struct
{
  int socket;
  GMutex lock;   /* of what follows, and of writing */
  VReader *card; /* that is in; NULL: none */
} Card;

static void G_GNUC_NORETURN
end (const char *why)
{
  fprintf (stderr, "vmm-card: %s\n", why);
  exit (EXIT_FAILURE);
}

static gboolean
read_all (int fd, void *data, size_t size)
{
  for (char *at = data; size > 0;)
    {
      ssize_t n = read (fd, at, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      at += n;
      size -= (size_t)n;
    }
  return TRUE;
}

/* The guest that waits for an answer takes it. Called with the lock. */
static void
say (Card *card, VSCMsgType type, const void *data, size_t size)
{
  g_autofree char *message = g_malloc (sizeof (VSCMsgHeader) + size);
  const VSCMsgHeader header = { htonl (type), htonl (READER), htonl ((guint32)size) };
  size_t left = sizeof header + size;

  memcpy (message, &header, sizeof header);
  if (size > 0)
    memcpy (message + sizeof header, data, size);
  for (const char *at = message; left > 0;)
    {
      ssize_t n = send (card->socket, at, left, MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        exit (EXIT_SUCCESS); /* the guest has ended */
      at += n;
      left -= (size_t)n;
    }
}

/* ---- the card ---- */

static void
insert (Card *card, VReader *reader)
{
  unsigned char atr[MAX_ATR];
  int size = sizeof atr;

  if (card->card || vreader_power_on (reader, atr, &size) != VREADER_OK)
    return;
  card->card = vreader_reference (reader);
  say (card, VSC_ATR, atr, (size_t)size);
}

static void
take_out (Card *card, const VReader *reader)
{
  if (card->card != reader)
    return;
  g_clear_pointer (&card->card, vreader_free);
  say (card, VSC_CardRemove, NULL, 0);
}

/* What is in a reader from the beginning is told as well. */
static void *
watch (void *data)
{
  Card *card = data;
  VEvent *event;

  while ((event = vevent_wait_next_vevent ()) != NULL)
    {
      g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&card->lock);

      if (event->type == VEVENT_CARD_INSERT)
        insert (card, event->reader);
      else if (event->type == VEVENT_CARD_REMOVE || event->type == VEVENT_READER_REMOVE)
        take_out (card, event->reader);
      vevent_delete (event);
    }
  return NULL;
}

static void
answer (Card *card, VSCMsgType type, const void *data, size_t size)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&card->lock);

  say (card, type, data, size);
}

static VReader *
get_reader (Card *card)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&card->lock);

  return card->card ? vreader_reference (card->card) : NULL;
}

/* Without the lock: a key's work takes time, and a card may be taken out meanwhile. 6F 00: no
 * precise diagnosis (ISO 7816-4). */
static void
transmit (Card *card, unsigned char *apdu, size_t size)
{
  static const unsigned char failed[] = { 0x6f, 0x00 };
  static unsigned char response[MAX_APDU];
  int length = sizeof response;
  VReader *reader = get_reader (card);

  if (reader && vreader_xfr_bytes (reader, apdu, (int)size, response, &length) == VREADER_OK &&
      length >= 2)
    answer (card, VSC_APDU, response, (size_t)length);
  else
    answer (card, VSC_APDU, failed, sizeof failed);
  vreader_free (reader);
}

/* The database is opened to be read. Names have no comma and no parenthesis; the helper sees to it.
 */
static void
begin (char **certificates)
{
  g_autoptr (GString) options = g_string_new ("use_hw=yes hw_type=PASSTHRU");
  VCardEmulOptions *parsed;

  if (*certificates)
    {
      g_string_printf (options, "db=\"sql:" FOLDER "\" use_hw=no soft=(," NAME ",CAC,");
      for (char **name = certificates; *name; name++)
        g_string_append_printf (options, ",%s", *name);
      g_string_append (options, ")");
    }
  parsed = vcard_emul_options (options->str);
  if (!parsed)
    end ("these certificates cannot be named");
  if (vcard_emul_init (parsed) != VCARD_EMUL_OK)
    end (*certificates ? "the certificates cannot be read"
                       : "the service of this computer's reader (pcscd) does not answer");
}

/* ---- QEMU ---- */

static gboolean
hear (Card *card, VSCMsgType *type, unsigned char *data, size_t *size)
{
  VSCMsgHeader header;

  if (!read_all (card->socket, &header, sizeof header))
    return FALSE;
  *type = ntohl (header.type);
  *size = ntohl (header.length);
  if (*size > MAX_APDU)
    end ("a message that is too long");
  return read_all (card->socket, data, *size);
}

/* QEMU says its own version, and that the reader is there. */
static void
wait_for (Card *card, VSCMsgType wanted, unsigned char *data)
{
  VSCMsgType type;
  size_t size;

  do
    if (!hear (card, &type, data, &size))
      exit (EXIT_SUCCESS);
  while (type != wanted);
}

static void
greet (Card *card, unsigned char *data)
{
  const VSCMsgInit init = { VSCARD_MAGIC, htonl (VSCARD_VERSION), { 0 } };

  say (card, VSC_Init, &init, sizeof init);
  wait_for (card, VSC_Init, data);
  say (card, VSC_ReaderAdd, NAME, sizeof NAME);
  wait_for (card, VSC_Error, data);
}

int
main (int argc, char **argv)
{
  static unsigned char data[MAX_APDU];
  static Card card;
  VSCMsgType type;
  size_t size;

  if (argc < 2)
    end ("which socket?");
  card.socket = atoi (argv[1]);
  begin (argv + 2);
  greet (&card, data);
  g_thread_unref (g_thread_new ("watch", watch, &card));
  while (hear (&card, &type, data, &size))
    {
      if (type == VSC_APDU)
        transmit (&card, data, size);
      else if (type == VSC_Flush)
        answer (&card, VSC_FlushComplete, NULL, 0);
    }
  _exit (EXIT_SUCCESS); /* the thread waits in libcacard */
}
