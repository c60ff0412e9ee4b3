/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the wizard makes of each source, and what it does when that fails. */
#include "wizard.h"

#include <string.h>

/* File → Create: all else is filled in, and nothing is asked of the helper before. */
static void
test_iso (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) iso = wizard_make_iso (fixture, "d.iso", "Debian 11.5.0 amd64 n");
  g_autoptr (GVariant) storage = NULL;
  g_autofree char *path = g_file_get_path (iso);
  guint64 size = 0;
  gboolean start = FALSE;

  wizard_shoot (fixture, "source");
  wizard_reopen (fixture, iso);
  wizard_wait (wizard_is_summary, fixture);
  g_assert_null (wizard_banner (fixture));
  g_assert_true (wizard_says (fixture->dialog, "Debian 11"));
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "Create"), ==, 0);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "InspectImage"), ==, 0);
  wizard_shoot (fixture, "summary");
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_shoot (fixture, "busy");
  wizard_assert_made (fixture, "general", "name", "Debian 11");
  wizard_assert_made (fixture, "cdrom", "source", path);
  wizard_assert_made (fixture, "cpu", "vcpus", "2");
  wizard_assert_made (fixture, "disk", "target", "vda");
  g_assert_true (g_variant_lookup (fixture->options, "start", "b", &start));
  g_assert_true (start);
  storage = g_variant_lookup_value (fixture->options, "storage", G_VARIANT_TYPE ("aa{sv}"));
  g_assert_cmpuint (g_variant_n_children (storage), ==, 1);
  {
    g_autoptr (GVariant) entry = g_variant_get_child_value (storage, 0);

    g_assert_true (g_variant_lookup (entry, "size", "t", &size));
  }
  g_assert_cmpuint (size, ==, 20ull << 30);
  wizard_end_job (fixture);
}

/* What the helper refuses is said, and nothing that was entered is lost. */
static void
test_failed (Fixture *fixture, gconstpointer data)
{
  GtkWidget *name;

  wizard_press (fixture, "Empty Machine");
  wizard_wait (wizard_is_summary, fixture);
  name = wizard_need (fixture, ADW_TYPE_ENTRY_ROW, "Name");
  gtk_editable_set_text (GTK_EDITABLE (name), "machine 1");
  g_assert_nonnull (strstr (wizard_banner (fixture), "already a machine called “machine 1”"));
  g_assert_false (gtk_widget_is_sensitive (wizard_need (fixture, GTK_TYPE_BUTTON, "Create")));
  wizard_shoot (fixture, "taken");
  gtk_editable_set_text (GTK_EDITABLE (name), "My machine");
  g_assert_null (wizard_banner (fixture));
  fixture->create_error = "There is no room for the disk. Free 20 GiB first.";
  wizard_press (fixture, "Create");
  wizard_wait (wizard_has_banner, fixture);
  g_assert_cmpstr (wizard_banner (fixture), ==, fixture->create_error);
  g_assert_true (wizard_is_summary (fixture));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (name)), ==, "My machine");
  g_assert_null (fixture->created);
  wizard_shoot (fixture, "failed");
  fixture->create_error = NULL;
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_assert_made (fixture, "general", "name", "My machine");
  wizard_end_job (fixture);
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  wizard_press (fixture, "Empty Machine");
  wizard_wait (wizard_is_summary, fixture);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_press (fixture, "Cancel");
  wizard_wait (wizard_is_summary, fixture);
  g_assert_true (fixture->cancelled);
  g_assert_null (wizard_banner (fixture));
  g_assert_null (fixture->created);
}

/* A job that fails later than the call. */
static void
test_job_failed (Fixture *fixture, gconstpointer data)
{
  wizard_press (fixture, "Network");
  wizard_wait (wizard_is_summary, fixture);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_assert_made (fixture, "boot", "second", "network");
  fake_helper_change (fixture->fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "ErrorName",
                      g_variant_new_string ("org.innkeeper.Error.Io"));
  fake_helper_change (fixture->fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "ErrorMessage",
                      g_variant_new_string ("The disk is broken."));
  fake_helper_change (fixture->fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "State",
                      g_variant_new_string ("failed"));
  wizard_wait (wizard_has_banner, fixture);
  g_assert_cmpstr (wizard_banner (fixture), ==, "The disk is broken.");
  g_assert_true (wizard_is_summary (fixture));
}

static void
test_disk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) image = wizard_make_file (fixture, "old disk.vmdk", "KDMV", 4);
  g_autofree char *path = g_file_get_path (image);
  GtkWidget *use;

  wizard_reopen (fixture, image);
  wizard_wait (wizard_is_summary, fixture);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "InspectImage"), ==, 1);
  g_assert_true (wizard_says (fixture->dialog, "Nothing is known of the system"));
  wizard_shoot (fixture, "disk");
  use = wizard_need (fixture, ADW_TYPE_COMBO_ROW, "Disk image");
  adw_combo_row_set_selected (ADW_COMBO_ROW (use), 1);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_assert_made (fixture, "general", "name", "old disk");
  wizard_assert_made (fixture, "disk", "source", path);
  wizard_assert_made (fixture, "disk", "format", "vmdk");
  g_assert_false (g_variant_lookup (fixture->options, "storage", "aa{sv}", NULL));
  wizard_press (fixture, "Cancel");
  wizard_wait (wizard_is_summary, fixture);
  adw_combo_row_set_selected (
      ADW_COMBO_ROW (wizard_need (fixture, ADW_TYPE_COMBO_ROW, "Disk image")), 0);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_assert_made (fixture, "disk", "source", NULL);
  wizard_assert_made (fixture, "disk", "format", "qcow2");
  g_assert_true (g_variant_lookup (fixture->options, "storage", "aa{sv}", NULL));
}

static void
test_kernel (Fixture *fixture, gconstpointer data)
{
  char bytes[1024] = { 0 };
  g_autoptr (GFile) kernel = NULL;

  bytes[0x1fe] = 0x55;
  bytes[0x1ff] = (char)0xaa;
  memcpy (bytes + 0x202, "HdrS", 4);
  kernel = wizard_make_file (fixture, "vmlinuz", bytes, sizeof bytes);
  wizard_reopen (fixture, kernel);
  while (!g_str_equal (wizard_page (fixture), "kernel"))
    g_main_context_iteration (NULL, TRUE);
  wizard_shoot (fixture, "kernel");
  gtk_editable_set_text (GTK_EDITABLE (wizard_need (fixture, ADW_TYPE_ENTRY_ROW, "Kernel options")),
                         "console=ttyS0");
  wizard_press (fixture, "Continue");
  wizard_wait (wizard_is_summary, fixture);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_assert_made (fixture, "kernel", "cmdline", "console=ttyS0");
  wizard_assert_made (fixture, "disk", "bus", "virtio");
}

int
main (int argc, char **argv)
{
  wizard_init (&argc, &argv);
  WIZARD_ADD ("iso", test_iso);
  WIZARD_ADD ("failed", test_failed);
  WIZARD_ADD ("cancel", test_cancel);
  WIZARD_ADD ("job-failed", test_job_failed);
  WIZARD_ADD ("disk", test_disk);
  WIZARD_ADD ("kernel", test_kernel);
  return g_test_run ();
}
