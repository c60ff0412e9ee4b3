/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the helper says to a shim on its control socket (SOCK_SEQPACKET): one request a message,
 * each answered by one int32_t, 0 or an errno. */
#pragma once

#include <stdint.h>

#define VMM_SHIM_NAME_SIZE 64
#define VMM_SHIM_HISTORY   (256 * 1024) /* bytes of each line that a new viewer can see */

#define VMM_SHIM_FLAG_HISTORY   1u /* first what the line said before */
#define VMM_SHIM_FLAG_READ_ONLY 2u /* what the viewer writes is thrown away */
#define VMM_SHIM_FLAG_NET       4u /* no line: the socket is QEMU's, of a new network card */
#define VMM_SHIM_FLAG_COUNT                                                                        \
  8u /* no line: struct vmm_shim_count of a card is written to the socket */

#define VMM_SHIM_FLAG_LIMIT                                                                        \
  16u /* no line: a struct vmm_shim_limit for a card waits in the socket */

/* The file --exit says in its first line how the command ended ("exit 0", "signal 11"), and then,
 * as bytes, what the first line that has said anything said last. */
#define VMM_SHIM_TAIL 4096

/** struct vmm_shim_request: "show this line to the socket passed along", or "connect this card". */
struct vmm_shim_request
{
  uint32_t flags;
  char name[VMM_SHIM_NAME_SIZE]; /* NUL-terminated */
};

/** struct vmm_shim_count: bytes of the frames that the guest has sent and been sent, since the card
 * came. */
struct vmm_shim_count
{
  uint64_t sent, received;
};

/** struct vmm_shim_limit: bytes in a second, 0: as many as can be; and how many may go at once
 * after a pause. */
struct vmm_shim_limit
{
  uint64_t to_guest, to_guest_burst, from_guest, from_guest_burst;
};
