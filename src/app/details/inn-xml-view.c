/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The machine's XML as text. Knows the draft; parses nothing itself. */
#include "inn-xml-view.h"

#include "inn-banner.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

struct _InnXmlView
{
  GtkWidget parent_instance;

  InnBanner *banner;
  GtkTextView *text_view;
  GtkTextBuffer *buffer;

  InnDraft *draft;
  gboolean showing;
};

G_DEFINE_FINAL_TYPE (InnXmlView, inn_xml_view, GTK_TYPE_WIDGET)

static void
on_buffer_changed (InnXmlView *self)
{
  g_autofree char *text = NULL;

  if (self->showing || self->draft == NULL)
    return;
  g_object_get (self->buffer, "text", &text, NULL);
  inn_banner_set (self->banner, NULL, NULL);
  inn_draft_set_text (self->draft, text);
}

static void
inn_xml_view_dispose (GObject *object)
{
  InnXmlView *self = INN_XML_VIEW (object);
  GtkWidget *child;

  g_clear_object (&self->draft);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_xml_view_parent_class)->dispose (object);
}

static void
inn_xml_view_class_init (InnXmlViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_xml_view_dispose;
  g_type_ensure (INN_TYPE_BANNER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/details/inn-xml-view.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnXmlView, banner);
  gtk_widget_class_bind_template_child (widget_class, InnXmlView, text_view);
  gtk_widget_class_bind_template_child (widget_class, InnXmlView, buffer);
  gtk_widget_class_bind_template_callback (widget_class, on_buffer_changed);
}

static void
inn_xml_view_init (InnXmlView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
inn_xml_view_new (InnDraft *draft)
{
  InnXmlView *self = g_object_new (INN_TYPE_XML_VIEW, NULL);

  self->draft = g_object_ref (draft);
  inn_xml_view_show (self);
  return GTK_WIDGET (self);
}

void
inn_xml_view_show (InnXmlView *self)
{
  g_autofree char *text = NULL;
  g_autofree char *now = NULL;

  g_return_if_fail (INN_IS_XML_VIEW (self));

  text = inn_draft_dup_xml (self->draft);
  g_object_get (self->buffer, "text", &now, NULL);
  if (g_str_equal (text, now))
    return;
  self->showing = TRUE;
  gtk_text_buffer_begin_irreversible_action (self->buffer);
  gtk_text_buffer_set_text (self->buffer, text, -1);
  gtk_text_buffer_end_irreversible_action (self->buffer);
  self->showing = FALSE;
  inn_banner_set (self->banner, NULL, NULL);
}

/* The numbers of "Line 3, column 7: …", whatever language the words are in. */
static gboolean
find_place (const char *message, unsigned *out_line, unsigned *out_column)
{
  const char *at = strpbrk (message, "0123456789:");

  if (at == NULL || *at == ':' || sscanf (at, "%u", out_line) != 1 || *out_line == 0)
    return FALSE;
  at += strspn (at, "0123456789");
  at = *at == ',' ? strpbrk (at, "0123456789:") : NULL;
  if (at == NULL || sscanf (at, "%u", out_column) != 1 || *out_column == 0)
    *out_column = 1;
  return TRUE;
}

void
inn_xml_view_show_error (InnXmlView *self, const GError *error)
{
  unsigned line, column;
  GtkTextIter at;

  g_return_if_fail (INN_IS_XML_VIEW (self));

  inn_banner_set (self->banner, error != NULL ? error->message : NULL, NULL);
  if (error == NULL || !g_error_matches (error, INN_ERROR, INN_ERROR_INVALID_XML))
    return;
  if (!find_place (error->message, &line, &column))
    return;
  /* The column counts bytes, and a damaged line may be shorter than the parser says. */
  gtk_text_buffer_get_iter_at_line (self->buffer, &at, (int)MIN (line - 1, G_MAXINT));
  for (; column > 1 && !gtk_text_iter_ends_line (&at); column--)
    gtk_text_iter_forward_char (&at);
  gtk_text_buffer_place_cursor (self->buffer, &at);
  gtk_text_view_scroll_to_iter (self->text_view, &at, 0.1, FALSE, 0, 0);
  gtk_widget_grab_focus (GTK_WIDGET (self->text_view));
}

GtkTextView *
inn_xml_view_get_text_view (InnXmlView *self)
{
  g_return_val_if_fail (INN_IS_XML_VIEW (self), NULL);

  return self->text_view;
}
