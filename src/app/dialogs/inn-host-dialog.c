/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What this computer offers to machines, in plain words. Knows the Host interface's properties. */
#include "inn-host-dialog.h"

#include "inn-page-dialog.h"

#include <glib/gi18n.h>

static AdwPreferencesGroup *
add_group (AdwPreferencesPage *page, const char *title, const char *description)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());

  adw_preferences_group_set_title (group, title);
  if (description != NULL)
    {
      g_autofree char *escaped = g_markup_escape_text (description, -1);

      adw_preferences_group_set_description (group, escaped);
    }
  adw_preferences_page_add (page, group);
  return group;
}

static void
add_row (AdwPreferencesGroup *group, const char *title, const char *value)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *label = gtk_label_new (value);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 1);
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_RIGHT);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_set_hexpand (label, TRUE);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
  adw_preferences_group_add (group, row);
}

static char *
dup_string (InnConnection *connection, const char *property)
{
  g_autoptr (GVariant) value = inn_connection_get_host (connection, property);

  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
             ? g_variant_dup_string (value, NULL)
             : g_strdup ("");
}

static void
add_acceleration (AdwPreferencesPage *page, InnConnection *connection)
{
  g_autofree char *accelerator = dup_string (connection, "Accelerator");
  g_autofree char *reason = dup_string (connection, "AcceleratorReason");
  g_autofree char *remedy = dup_string (connection, "AcceleratorRemedy");
  g_autofree char *module = dup_string (connection, "KvmModule");
  g_autofree char *words = g_strdup_printf ("%s %s", reason, remedy);
  AdwPreferencesGroup *group = add_group (page, _ ("Acceleration"), g_strstrip (words));

  add_row (group, _ ("Machines run with"),
           g_str_equal (accelerator, "kvm") ? _ ("KVM, at nearly full speed")
                                            : _ ("emulation, which is slow"));
  if (*module != '\0')
    add_row (group, _ ("Kernel module"), module);
}

static void
add_hardware (AdwPreferencesPage *page, InnConnection *connection)
{
  AdwPreferencesGroup *group = add_group (page, _ ("Hardware"), NULL);
  g_autofree char *model = dup_string (connection, "CpuModel");
  g_autoptr (GVariant) cpus = inn_connection_get_host (connection, "Cpus");
  g_autoptr (GVariant) memory = inn_connection_get_host (connection, "Memory");
  g_autoptr (GVariant) nodes = inn_connection_get_host (connection, "NumaNodes");

  add_row (group, _ ("Processor"), model);
  if (cpus != NULL && g_variant_is_of_type (cpus, G_VARIANT_TYPE_UINT32))
    {
      g_autofree char *text = g_strdup_printf ("%u", g_variant_get_uint32 (cpus));

      add_row (group, _ ("Processors online"), text);
    }
  if (memory != NULL && g_variant_is_of_type (memory, G_VARIANT_TYPE_UINT64))
    {
      g_autofree char *text =
          g_format_size_full (g_variant_get_uint64 (memory), G_FORMAT_SIZE_IEC_UNITS);

      add_row (group, _ ("Memory"), text);
    }
  if (nodes != NULL && g_variant_is_of_type (nodes, G_VARIANT_TYPE ("a(ust)")) &&
      g_variant_n_children (nodes) > 1)
    {
      g_autofree char *text = g_strdup_printf ("%" G_GSIZE_FORMAT, g_variant_n_children (nodes));

      add_row (group, _ ("NUMA nodes"), text);
    }
}

/* Rows of a list property: its first two strings. */
static void
add_list (AdwPreferencesPage *page,
          InnConnection *connection,
          const char *property,
          const char *title,
          const char *none)
{
  g_autoptr (GVariant) list = inn_connection_get_host (connection, property);
  gsize n = list != NULL && g_variant_is_of_type (list, G_VARIANT_TYPE ("a(sss)"))
                ? g_variant_n_children (list)
                : 0;
  AdwPreferencesGroup *group = add_group (page, title, n == 0 ? none : NULL);

  for (gsize i = 0; i < n; i++)
    {
      const char *arch, *second, *third;
      g_autofree char *name = NULL;

      g_variant_get_child (list, i, "(&s&s&s)", &arch, &second, &third);
      name = g_str_equal (property, "Emulators") ? g_strdup_printf ("%s, %s", arch, third)
                                                 : g_strdup_printf ("%s, %s", arch, second);
      add_row (group, name, g_str_equal (property, "Emulators") ? second : third);
    }
}

GtkWidget *
inn_host_dialog_new (GtkWindow *parent, InnConnection *connection)
{
  AdwPreferencesPage *page = ADW_PREFERENCES_PAGE (adw_preferences_page_new ());

  add_acceleration (page, connection);
  add_hardware (page, connection);
  add_list (page, connection, "Emulators", _ ("QEMU"),
            _ ("No QEMU is installed. Install a package such as qemu-system-x86 to run machines."));
  add_list (page, connection, "Firmwares", _ ("Firmware"), _ ("No firmware was found."));
  return inn_page_dialog_new (parent, _ ("This Computer"), 520, 600, page);
}
