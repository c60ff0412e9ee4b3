/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as what a guest's QEMU says where its sound is to come: the socket of innkeeper-sound.
 * The first byte says how much room there is for samples. */
#include "fuzz.h"

#include "sound/inn-rfb.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 4096 /* bytes, at most */

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static uint8_t samples[ROOM];
  int pair[2];
  long n;

  if (size < 1 || socketpair (AF_UNIX, SOCK_STREAM, 0, pair) < 0)
    return 0;
  if (send (pair[0], data + 1, size - 1, MSG_DONTWAIT) == (ssize_t)size - 1 &&
      shutdown (pair[0], SHUT_WR) == 0 && inn_rfb_begin (pair[1], 48000, 2) == 0)
    do
      {
        n = inn_rfb_read (pair[1], samples, (size_t)data[0] * ROOM / 255);
        if (n > (long)data[0] * ROOM / 255)
          abort ();
      }
    while (n >= 0);
  close (pair[0]);
  close (pair[1]);
  return 0;
}
