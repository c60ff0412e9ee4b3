/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A line above the content that tells of something lasting. Knows nothing of what it tells. */
#include "inn-banner.h"

#include "inn-still-bin.h"

struct _InnBanner
{
  GtkWidget parent_instance;

  GtkRevealer *revealer;
  GtkLabel *label;
  GtkButton *button;
};

G_DEFINE_FINAL_TYPE (InnBanner, inn_banner, GTK_TYPE_WIDGET)

enum
{
  CLICKED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_button_clicked (InnBanner *self)
{
  g_signal_emit (self, signals[CLICKED], 0);
}

static void
inn_banner_dispose (GObject *object)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (object));

  if (child != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_banner_parent_class)->dispose (object);
}

static void
inn_banner_class_init (InnBannerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_banner_dispose;
  signals[CLICKED] = g_signal_new ("clicked", INN_TYPE_BANNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  g_type_ensure (INN_TYPE_STILL_BIN);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/inn-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, InnBanner, revealer);
  gtk_widget_class_bind_template_child (widget_class, InnBanner, label);
  gtk_widget_class_bind_template_child (widget_class, InnBanner, button);
  gtk_widget_class_bind_template_callback (widget_class, on_button_clicked);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
inn_banner_init (InnBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
inn_banner_set (InnBanner *self, const char *text, const char *button)
{
  g_return_if_fail (INN_IS_BANNER (self));

  gtk_revealer_set_reveal_child (self->revealer, text != NULL);
  if (text != NULL)
    gtk_label_set_label (self->label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->button), button != NULL);
  if (button != NULL)
    gtk_button_set_label (self->button, button);
}

const char *
inn_banner_get_text (InnBanner *self)
{
  g_return_val_if_fail (INN_IS_BANNER (self), NULL);

  return gtk_revealer_get_reveal_child (self->revealer) ? gtk_label_get_label (self->label) : NULL;
}
