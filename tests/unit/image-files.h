/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Image files for tests: made with qemu-img in a folder of their own, and how they are looked at.
 */
#pragma once

#include "host/vmh-image.h"

/** image_folder_new: an empty folder; image_folder_free() removes it with all that is in it. */
char *image_folder_new (void);
void image_folder_free (char *folder);
char *image_path (const char *folder, const char *name);

/** image_run: runs a program in @folder (NULL-ended list); its exit status must be 0. Returns what
 * it printed. */
char *image_run (const char *folder, const char *program, ...) G_GNUC_NULL_TERMINATED;

/** image_patch: writes @size bytes at @offset of a file. */
void image_patch (const char *path, goffset offset, gconstpointer data, gsize size);

/** image_inspect: opens, looks, waits. */
VmhImageInfo *image_inspect (const char *folder, const char *name, GError **error);
VmhImageInfo *image_inspect_fd (int fd, GCancellable *cancellable, GError **error);

/** image_add: a case that has an empty folder of its own, image_folder. */
void image_add (const char *path, void (*test) (void));
extern char *image_folder;

/** image_read_proc: what /proc says of a process that reads images. */
char *image_read_proc (pid_t pid, const char *name);
/** image_assert_line: a line of @text is as the regular expression says. */
void image_assert_line (const char *text, const char *pattern);
