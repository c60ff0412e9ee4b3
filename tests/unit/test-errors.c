/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The errors that cross the bus: each has a name of its own there, and comes back as itself. */
#include "shared/inn-errors.h"

#include <string.h>

static void
test_round_trip (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int code = 0; code < INN_N_ERRORS; code++)
    {
      g_autoptr (GError) error = g_error_new (INN_ERROR, code, "The disk “vda” is full.");
      g_autofree char *name = g_dbus_error_encode_gerror (error);
      g_autoptr (GError) back = g_dbus_error_new_for_dbus_error (name, error->message);

      g_assert_true (g_str_has_prefix (name, "org.innkeeper.Error."));
      g_assert_error (back, INN_ERROR, code);
      g_assert_cmpstr (back->message, !=,
                       "The disk “vda” is full."); /* GDBus puts its own before */
      inn_error_strip (back);
      g_assert_cmpstr (back->message, ==, "The disk “vda” is full.");
      inn_error_strip (back);
      g_assert_cmpstr (back->message, ==, "The disk “vda” is full.");
      g_assert_true (g_hash_table_add (names, g_steal_pointer (&name)));
    }
}

static void
test_from_io (void)
{
  static const struct
  {
    int io, code;
  } pairs[] = {
    { G_IO_ERROR_NOT_FOUND, INN_ERROR_NOT_FOUND },      { G_IO_ERROR_NO_SPACE, INN_ERROR_NO_SPACE },
    { G_IO_ERROR_PERMISSION_DENIED, INN_ERROR_DENIED }, { G_IO_ERROR_EXISTS, INN_ERROR_EXISTS },
    { G_IO_ERROR_CANCELLED, INN_ERROR_CANCELLED },      { G_IO_ERROR_TIMED_OUT, INN_ERROR_TIMEOUT },
    { G_IO_ERROR_IS_DIRECTORY, INN_ERROR_IO },
  };
  g_autoptr (GError) ours = g_error_new (INN_ERROR, INN_ERROR_IN_USE, "kept");
  g_autoptr (GError) kept = inn_error_from_io (ours, "/a");
  g_autoptr (GError) file = g_error_new (G_FILE_ERROR, G_FILE_ERROR_NOSPC, "full");
  g_autoptr (GError) full = inn_error_from_io (file, "/a");

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (GError) io = g_error_new (G_IO_ERROR, pairs[i].io, "as it is");
      g_autoptr (GError) error = inn_error_from_io (io, "/a/b.img");

      g_assert_error (error, INN_ERROR, pairs[i].code);
      g_assert_cmpstr (error->message, ==,
                       pairs[i].io == G_IO_ERROR_CANCELLED ? "This was cancelled."
                                                           : "/a/b.img: as it is");
    }
  g_assert_error (kept, INN_ERROR, INN_ERROR_IN_USE);
  g_assert_cmpstr (kept->message, ==, "kept");
  g_assert_error (full, INN_ERROR, INN_ERROR_NO_SPACE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/errors/round-trip", test_round_trip);
  g_test_add_func ("/errors/from-io", test_from_io);
  return g_test_run ();
}
