/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that a user names, with that user's rights, and the sentences for why not. Knows no
 * machine. */
#include "vmh-bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include "core/vmh-errand.h"
#include "shared/inn-errors.h"
#include "vmh-store.h"

/* Flags that a reader or writer of an existing image needs. */
#define OPEN_FLAGS (O_ACCMODE | O_DIRECT | O_SYNC | O_DSYNC | O_NOFOLLOW)

typedef struct
{
  uid_t user;
  char *path;
} Named;

static void
named_free (gpointer data)
{
  Named *named = data;

  g_free (named->path);
  g_free (named);
}

/* Consumes @failure. */
static GError *
explain (GError *failure, const Named *named)
{
  g_autoptr (GError) owned = failure;
  GError *error = NULL;

  if (failure->domain != VMH_ERRNO)
    return g_steal_pointer (&owned);
  if (failure->code == ENOTBLK || failure->code == EISDIR)
    g_set_error (&error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is neither a file nor a disk. Choose an image file."), named->path);
  else if (failure->code == EACCES || failure->code == EPERM)
    g_set_error (&error, INN_ERROR, INN_ERROR_DENIED,
                 _ ("“%s” may not be opened by the machine's owner. Change its permissions or "
                    "choose another file."),
                 named->path);
  else if (failure->code == ENOENT)
    g_set_error (&error, INN_ERROR, INN_ERROR_NOT_FOUND,
                 _ ("“%s” is not there. Choose another file."), named->path);
  else if (failure->code == ESRCH)
    g_set_error (&error, INN_ERROR, INN_ERROR_DENIED,
                 _ ("The user %u is not known to this computer."), (guint)named->user);
  else
    vmh_set_errno (&error, failure->code, named->path);
  return error;
}

/* NULL, and @task is done, where the path is none. */
static gboolean
begin (GTask *task, uid_t user, const char *path)
{
  Named *named = g_new0 (Named, 1);

  named->user = user;
  named->path = g_strdup (path);
  g_task_set_task_data (task, named, named_free);
  g_task_set_check_cancellable (task, FALSE);
  if (g_path_is_absolute (path))
    return TRUE;
  g_task_return_new_error (task, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                           _ ("“%s” is not a complete file name."), path);
  return FALSE;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  int fd = vmh_errand_open_finish (result, &error);

  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, explain (error, g_task_get_task_data (task)));
}

void
vmh_open_as_async (uid_t uid,
                   const char *path,
                   int flags,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_return_if_fail ((flags & ~OPEN_FLAGS) == 0);
  g_task_set_source_tag (task, vmh_open_as_async);
  if (begin (task, uid, path))
    vmh_errand_open_async (uid, path, flags, cancellable, on_opened, g_steal_pointer (&task));
}

int
vmh_open_as_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), -1);
  return (int)g_task_propagate_int (G_TASK (result), error);
}

static void
on_unlinked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (vmh_errand_finish (result, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, explain (error, g_task_get_task_data (task)));
}

void
vmh_unlink_as_async (uid_t uid,
                     const char *path,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, vmh_unlink_as_async);
  if (begin (task, uid, path))
    vmh_errand_unlink_async (uid, path, cancellable, on_unlinked, g_steal_pointer (&task));
}

gboolean
vmh_unlink_as_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
