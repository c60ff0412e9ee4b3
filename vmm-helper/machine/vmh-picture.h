/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Pictures of a machine's screen: the present one, and the last one, which its bundle keeps. */
#pragma once

#include "qemu/vmh-qemu.h"
#include "vmh-machine.h"

G_BEGIN_DECLS

#define VMH_PICTURE "screenshot.ppm" /* in the bundle: small, binary PPM */

/** vmh_picture_take_async: what the guest shows now. Fails where its QEMU does not answer. */
void vmh_picture_take_async (VmhMachine *machine, GAsyncReadyCallback callback, gpointer data);
/** vmh_picture_take_finish: a sealed memfd, binary PPM (the caller closes it); -1. */
int vmh_picture_take_finish (VmhMachine *machine, GAsyncResult *result, GError **error);
/** vmh_picture_keep: @fd, taken just now and borrowed, becomes the bundle's, made small; not where
 * the bundle has got one within the last @age seconds. One that shows nothing is not kept. */
void vmh_picture_keep (VmhMachine *machine, int fd, guint age);
/** vmh_picture_open_kept: as vmh_picture_take_finish(); INN_ERROR_NOT_FOUND where there is none. */
int vmh_picture_open_kept (VmhMachine *machine, GError **error);

/** vmh_picture_note: takes and keeps one as soon as QEMU answers. */
void vmh_picture_note (VmhMachine *machine);
/** vmh_picture_kill: ends @qemu, the machine's; before that takes and keeps a picture, if it can be
 * had within a moment, and none was noted within the last @age seconds. */
void vmh_picture_kill (VmhMachine *machine, VmhQemu *qemu, guint age);

G_END_DECLS
