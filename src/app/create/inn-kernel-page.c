/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Shows what was chosen; the dialog opens and looks at the files. */
#include "inn-kernel-page.h"

#include <glib/gi18n.h>

struct _InnKernelPage
{
  GtkWidget parent_instance;

  AdwActionRow *kernel_row, *initrd_row;
  GtkEditable *cmdline;
  GtkWidget *next;
};

G_DEFINE_FINAL_TYPE (InnKernelPage, inn_kernel_page, GTK_TYPE_WIDGET)

enum
{
  CHOOSE,
  DONE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_kernel_clicked (InnKernelPage *self)
{
  g_signal_emit (self, signals[CHOOSE], 0, (int)INN_MEDIA_WANT_KERNEL);
}

static void
on_initrd_clicked (InnKernelPage *self)
{
  g_signal_emit (self, signals[CHOOSE], 0, (int)INN_MEDIA_WANT_INITRD);
}

static void
on_next_clicked (InnKernelPage *self)
{
  g_signal_emit (self, signals[DONE], 0);
}

static void
inn_kernel_page_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_kernel_page_parent_class)->dispose (object);
}

static void
inn_kernel_page_class_init (InnKernelPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_kernel_page_dispose;
  signals[CHOOSE] = g_signal_new ("choose", INN_TYPE_KERNEL_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  signals[DONE] = g_signal_new ("done", INN_TYPE_KERNEL_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/create/inn-kernel-page.ui");
  gtk_widget_class_bind_template_child (widget_class, InnKernelPage, kernel_row);
  gtk_widget_class_bind_template_child (widget_class, InnKernelPage, initrd_row);
  gtk_widget_class_bind_template_child (widget_class, InnKernelPage, cmdline);
  gtk_widget_class_bind_template_child (widget_class, InnKernelPage, next);
  gtk_widget_class_bind_template_callback (widget_class, on_kernel_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_initrd_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_next_clicked);
}

static void
inn_kernel_page_init (InnKernelPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
inn_kernel_page_show (InnKernelPage *self, const InnSource *source)
{
  g_return_if_fail (INN_IS_KERNEL_PAGE (self));

  adw_action_row_set_subtitle (self->kernel_row,
                               source->media != NULL ? source->media->path : _ ("None chosen"));
  adw_action_row_set_subtitle (self->initrd_row,
                               source->initrd != NULL ? source->initrd->path : _ ("None chosen"));
  gtk_widget_set_sensitive (self->next, source->media != NULL);
}

const char *
inn_kernel_page_get_cmdline (InnKernelPage *self)
{
  g_return_val_if_fail (INN_IS_KERNEL_PAGE (self), NULL);

  return gtk_editable_get_text (self->cmdline);
}
