/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The sources as big rows, and below them the ISO files that were found. Opens no file. */
#include "inn-source-page.h"

#include "client/inn-found-media.h"
#include "inn-choice-button.h"

#include <glib/gi18n.h>

struct _InnSourcePage
{
  GtkWidget parent_instance;

  GtkWidget *choices;
  GtkWidget *found_box;
  GtkWidget *found;
  GCancellable *looking;
};

G_DEFINE_FINAL_TYPE (InnSourcePage, inn_source_page, GTK_TYPE_WIDGET)

enum
{
  CHOSEN,
  IMPORT,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static const struct
{
  InnSourceKind kind;
  const char *icon, *title, *subtitle;
} sources[] = {
  { INN_SOURCE_ISO, "media-optical-symbolic", N_ ("Installation Medium…"),
    N_ ("Choose an ISO file: the image of a CD or DVD.") },
  { INN_SOURCE_DISK, "drive-harddisk-symbolic", N_ ("Disk Image…"),
    N_ ("Choose a disk that has a system on it: qcow2, raw, VMDK, VDI, VHD or VHDX.") },
  { INN_SOURCE_NETWORK, "network-wired-symbolic", N_ ("Network"),
    N_ ("The system comes from a server in the network (PXE).") },
  { INN_SOURCE_KERNEL, "system-run-symbolic", N_ ("Linux Kernel…"),
    N_ ("Choose a kernel file and its initial RAM disk.") },
  { INN_SOURCE_NONE, "computer-symbolic", N_ ("Empty Machine"),
    N_ ("A medium can be inserted later.") },
};

static void
on_choice_clicked (InnSourcePage *self, GtkButton *button)
{
  gsize index = GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (button), "inn-source"));

  g_signal_emit (self, signals[CHOSEN], 0, (int)sources[index].kind, NULL);
}

static void
on_import_clicked (InnSourcePage *self)
{
  g_signal_emit (self, signals[IMPORT], 0, NULL);
}

static void
on_found_clicked (InnSourcePage *self, GtkButton *button)
{
  GFile *file = g_object_get_data (G_OBJECT (button), "inn-file");

  g_signal_emit (self, signals[CHOSEN], 0, (int)INN_SOURCE_ISO, file);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnSourcePage) self = data;
  g_autoptr (GPtrArray) files = inn_found_media_finish (result, NULL);

  if (files == NULL)
    return;
  for (guint i = 0; i < files->len; i++)
    {
      const InnFoundFile *file = files->pdata[i];
      g_autofree char *size = g_format_size_full (file->size, G_FORMAT_SIZE_IEC_UNITS);
      g_autofree char *subtitle = g_strdup_printf (_ ("%s, in %s"), size, file->folder);
      GtkWidget *button = inn_choice_button_new ("media-optical-symbolic", file->name, subtitle);

      g_object_set_data_full (G_OBJECT (button), "inn-file", g_object_ref (file->file),
                              g_object_unref);
      g_signal_connect_object (button, "clicked", G_CALLBACK (on_found_clicked), self,
                               G_CONNECT_SWAPPED);
      gtk_box_append (GTK_BOX (self->found), button);
    }
  gtk_widget_set_visible (self->found_box, files->len > 0);
}

static void
inn_source_page_dispose (GObject *object)
{
  InnSourcePage *self = INN_SOURCE_PAGE (object);
  GtkWidget *child;

  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_source_page_parent_class)->dispose (object);
}

static void
inn_source_page_class_init (InnSourcePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_source_page_dispose;
  signals[CHOSEN] = g_signal_new ("chosen", INN_TYPE_SOURCE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_FILE);
  signals[IMPORT] = g_signal_new ("import", INN_TYPE_SOURCE_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, G_TYPE_FILE);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/create/inn-source-page.ui");
  gtk_widget_class_bind_template_child (widget_class, InnSourcePage, choices);
  gtk_widget_class_bind_template_child (widget_class, InnSourcePage, found_box);
  gtk_widget_class_bind_template_child (widget_class, InnSourcePage, found);
}

static void
inn_source_page_init (InnSourcePage *self)
{
  GtkWidget *import;

  gtk_widget_init_template (GTK_WIDGET (self));
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      GtkWidget *button =
          inn_choice_button_new (sources[i].icon, _ (sources[i].title), _ (sources[i].subtitle));

      g_object_set_data (G_OBJECT (button), "inn-source", GSIZE_TO_POINTER (i));
      g_signal_connect_object (button, "clicked", G_CALLBACK (on_choice_clicked), self,
                               G_CONNECT_SWAPPED);
      gtk_box_append (GTK_BOX (self->choices), button);
    }
  import = inn_choice_button_new ("document-open-symbolic", _ ("Machine of libvirt…"),
                                  _ ("Choose its definition, and keep its disks where they are."));
  g_signal_connect_object (import, "clicked", G_CALLBACK (on_import_clicked), self,
                           G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self->choices), import);
  self->looking = g_cancellable_new ();
  inn_found_media_async (self->looking, on_looked, g_object_ref (self));
}
