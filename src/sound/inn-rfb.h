/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The part of VNC's protocol (RFC 6143) that QEMU speaks of sound: its audio extension
 * (“QEMU Audio” of the community’s rfbproto). No picture is ever asked for. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** inn_rfb_begin: greets the server at @fd and asks for signed 16 bit samples in this computer's
 * order. Answers 0; -1: it is none that lets us in. */
int inn_rfb_begin (int fd, uint32_t rate, uint8_t channels);
/** inn_rfb_read: waits for samples. Answers how many bytes came, at most @size, 0: the guest's
 * sound begins or ends; -1: the server has ended, or says what makes no sense. */
long inn_rfb_read (int fd, void *data, size_t size);
