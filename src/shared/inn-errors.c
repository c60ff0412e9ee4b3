/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-errors.h"

#include <glib/gi18n-lib.h>

static const GDBusErrorEntry entries[] = {
  { INN_ERROR_FAILED, "org.innkeeper.Error.Failed" },
  { INN_ERROR_DENIED, "org.innkeeper.Error.Denied" },
  { INN_ERROR_DISMISSED, "org.innkeeper.Error.Dismissed" },
  { INN_ERROR_AUTH_REQUIRED, "org.innkeeper.Error.AuthRequired" },
  { INN_ERROR_NOT_FOUND, "org.innkeeper.Error.NotFound" },
  { INN_ERROR_EXISTS, "org.innkeeper.Error.Exists" },
  { INN_ERROR_INVALID_ARGUMENT, "org.innkeeper.Error.InvalidArgument" },
  { INN_ERROR_INVALID_XML, "org.innkeeper.Error.InvalidXml" },
  { INN_ERROR_UNSUPPORTED, "org.innkeeper.Error.Unsupported" },
  { INN_ERROR_BAD_STATE, "org.innkeeper.Error.BadState" },
  { INN_ERROR_CONFLICT, "org.innkeeper.Error.Conflict" },
  { INN_ERROR_IN_USE, "org.innkeeper.Error.InUse" },
  { INN_ERROR_NO_SPACE, "org.innkeeper.Error.NoSpace" },
  { INN_ERROR_BAD_IMAGE, "org.innkeeper.Error.BadImage" },
  { INN_ERROR_FOREIGN_BACKING, "org.innkeeper.Error.ForeignBacking" },
  { INN_ERROR_NO_QEMU, "org.innkeeper.Error.NoQemu" },
  { INN_ERROR_QEMU, "org.innkeeper.Error.Qemu" },
  { INN_ERROR_GUEST, "org.innkeeper.Error.Guest" },
  { INN_ERROR_TIMEOUT, "org.innkeeper.Error.Timeout" },
  { INN_ERROR_CANCELLED, "org.innkeeper.Error.Cancelled" },
  { INN_ERROR_LIMIT, "org.innkeeper.Error.Limit" },
  { INN_ERROR_IO, "org.innkeeper.Error.Io" },
  { INN_ERROR_HELPER, "org.innkeeper.Error.Helper" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (entries) == INN_N_ERRORS);

GQuark
inn_error_quark (void)
{
  static gsize quark = 0;

  g_dbus_error_register_error_domain ("inn-error-quark", &quark, entries, G_N_ELEMENTS (entries));
  return (GQuark)quark;
}

GError *
inn_error_from_io (const GError *error, const char *what)
{
  InnError code = INN_ERROR_IO;

  if (error->domain == INN_ERROR)
    return g_error_copy (error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return g_error_new_literal (INN_ERROR, INN_ERROR_CANCELLED, _ ("This was cancelled."));
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
      g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    code = INN_ERROR_NOT_FOUND;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ||
           g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC))
    code = INN_ERROR_NO_SPACE;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ||
           g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
           g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_PERM))
    code = INN_ERROR_DENIED;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_EXISTS) ||
           g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_EXIST))
    code = INN_ERROR_EXISTS;
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    code = INN_ERROR_TIMEOUT;
  return g_error_new (INN_ERROR, code, "%s: %s", what, error->message);
}

void
inn_error_strip (GError *error)
{
  if (g_dbus_error_is_remote_error (error))
    g_dbus_error_strip_remote_error (error);
}
