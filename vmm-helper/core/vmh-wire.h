/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A packet with or without a file over a Unix socket. System calls only. */
#pragma once

#include <sys/types.h>

/** vmh_wire_send: sendmsg() of @bytes, with @fd where that is not -1. */
ssize_t vmh_wire_send (int socket, const void *bytes, size_t size, int fd, int flags);
/** vmh_wire_receive: recvmsg() of at most @size bytes; @out_fd is -1 where no file came; with NULL
 * one that comes is dropped. */
ssize_t vmh_wire_receive (int socket, void *bytes, size_t size, int *out_fd, int flags);
