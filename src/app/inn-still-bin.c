/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-still-bin.h"

#include "inn-still.h"

struct _InnStillBin
{
  GtkWidget parent_instance;

  InnStill *still;
};

static GtkBuildableIface *parent_buildable;

static void
inn_still_bin_add_child (GtkBuildable *buildable,
                         GtkBuilder *builder,
                         GObject *child,
                         const char *type)
{
  if (GTK_IS_WIDGET (child))
    gtk_widget_set_parent (GTK_WIDGET (child), GTK_WIDGET (buildable));
  else
    parent_buildable->add_child (buildable, builder, child, type);
}

static void
inn_still_bin_buildable_init (GtkBuildableIface *iface)
{
  parent_buildable = g_type_interface_peek_parent (iface);
  iface->add_child = inn_still_bin_add_child;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (InnStillBin,
                               inn_still_bin,
                               GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_BUILDABLE,
                                                      inn_still_bin_buildable_init))

static void
inn_still_bin_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  inn_still_snapshot (INN_STILL_BIN (widget)->still, widget, inn_still_bin_parent_class, snapshot);
}

static void
inn_still_bin_dispose (GObject *object)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (object));

  if (child != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_still_bin_parent_class)->dispose (object);
}

static void
inn_still_bin_finalize (GObject *object)
{
  inn_still_free (INN_STILL_BIN (object)->still);
  G_OBJECT_CLASS (inn_still_bin_parent_class)->finalize (object);
}

static void
inn_still_bin_class_init (InnStillBinClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_still_bin_dispose;
  G_OBJECT_CLASS (klass)->finalize = inn_still_bin_finalize;
  widget_class->snapshot = inn_still_bin_snapshot;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void
inn_still_bin_init (InnStillBin *self)
{
  self->still = inn_still_new ();
}
