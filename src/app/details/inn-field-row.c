/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One field of the schema as a row of a page. Knows the draft and the editors, not the page. */
#include "inn-field-row.h"

#include "inn-field-editors.h"
#include "inn-offer.h"

#include <glib/gi18n.h>
#include <string.h>

struct _InnFieldRow
{
  GObject parent_instance;

  InnDraft *draft;
  InnElement *element;
  const InnField *field;
  const InnEditor *editing;
  GtkWidget *row; /* owns us */
  GtkWidget *editor;
  GtkWidget *note; /* NULL where the row has a subtitle */
  GtkWidget *note_label;
  char *note_text;
  char *withheld;  /* why some choices are not offered; NULL: all are */
  gboolean edited; /* by a person, since the document was loaded */
};

G_DEFINE_FINAL_TYPE (InnFieldRow, inn_field_row, G_TYPE_OBJECT)

/* What the element says now, as an editor shows it: yes/no, plain numbers, words. */
static char *
dup_value (InnFieldRow *self)
{
  const InnField *field = self->field;
  gboolean has = inn_element_has (self->element, field->name) || field->fallback != NULL;

  switch (field->type)
    {
    case INN_TYPE_BOOL:
    case INN_TYPE_PRESENT:
      return g_strdup (inn_element_get_bool (self->element, field->name) ? "yes" : "no");
    case INN_TYPE_UINT:
    case INN_TYPE_SIZE:
      if (!has)
        return NULL;
      return g_strdup_printf ("%" G_GUINT64_FORMAT,
                              inn_element_get_uint (self->element, field->name));
    case INN_TYPE_STRING:
    case INN_TYPE_ENUM:
    case INN_TYPE_MAC:
    case INN_TYPE_UUID:
    case INN_TYPE_PATH:
      break;
    }
  return inn_element_dup (self->element, field->name);
}

/* Changed just now, in a running machine, and of a kind that cannot change in it. */
static gboolean
will_wait (InnFieldRow *self)
{
  InnMachine *machine = inn_draft_get_machine (self->draft);

  return self->edited && machine != NULL && inn_machine_get_state (machine) != INN_STATE_OFF &&
         (self->field->flags & (INN_FIELD_LIVE | INN_FIELD_NOT_GUEST)) == 0;
}

/* NULL: it does not wait. */
static char *
dup_wait (InnFieldRow *self)
{
  g_autofree char *id = inn_element_dup_id (self->element);
  g_autofree char *why = inn_draft_dup_wait (self->draft, id, self->field);
  const char *when = _ ("Takes effect after the next restart.");

  if (why != NULL && *why != '\0')
    return g_strdup_printf ("%s %s", when, why);
  return why != NULL || will_wait (self) ? g_strdup (when) : NULL;
}

/* Help, or once it is changed what that means to an installed system, and why there is no more to
 * choose from; NULL: nothing. */
static char *
dup_help (InnFieldRow *self)
{
  const char *warning = self->edited && inn_draft_get_machine (self->draft) != NULL
                            ? inn_offer_get_warning (self->element->kind, self->field)
                            : NULL;
  const char *help = self->field->help != NULL ? _ (self->field->help) : NULL;

  if (warning != NULL)
    help = warning;

  if (help == NULL || self->withheld == NULL)
    return g_strdup (help != NULL ? help : self->withheld);
  return g_strdup_printf ("%s %s", help, self->withheld);
}

static void
show_note (InnFieldRow *self)
{
  const GError *error = inn_draft_get_wrong (self->draft, self->element, self->field, NULL);
  g_autofree char *help = dup_help (self);
  g_autofree char *wait = dup_wait (self);
  g_autofree char *both =
      wait != NULL && self->edited && inn_offer_get_warning (self->element->kind, self->field)
          ? g_strdup_printf ("%s %s", help, wait)
          : NULL;
  const char *text = both != NULL ? both : wait != NULL ? wait : help;

  if (error != NULL)
    text = error->message;
  if (error != NULL)
    gtk_widget_add_css_class (self->row, "error");
  else
    gtk_widget_remove_css_class (self->row, "error");
  gtk_accessible_update_state (
      GTK_ACCESSIBLE (self->editor), GTK_ACCESSIBLE_STATE_INVALID,
      error != NULL ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
  if (g_strcmp0 (text, self->note_text) == 0 && self->note_text != NULL)
    return;
  g_free (self->note_text);
  self->note_text = g_strdup (text);
  if (text != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->editor),
                                    GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, text, -1);
  if (self->note == NULL)
    {
      adw_action_row_set_subtitle (ADW_ACTION_ROW (self->row), text);
      return;
    }
  gtk_label_set_label (GTK_LABEL (self->note_label), text != NULL ? text : "");
  gtk_widget_set_visible (self->note, text != NULL);
  if (text != NULL)
    gtk_widget_add_css_class (self->row, "inn-has-note");
  else
    gtk_widget_remove_css_class (self->row, "inn-has-note");
}

/* What another field makes meaningless is not asked for. */
static void
show_wanted (InnFieldRow *self)
{
  gboolean wanted = inn_element_wants (self->element, self->field->name) ||
                    inn_draft_get_wrong (self->draft, self->element, self->field, NULL) != NULL;

  gtk_widget_set_visible (self->row, wanted);
  if (self->note != NULL)
    gtk_widget_set_visible (self->note, wanted && self->note_text != NULL);
}

static void
show_value (InnFieldRow *self)
{
  const char *wrong = NULL;
  gboolean is_wrong = inn_draft_get_wrong (self->draft, self->element, self->field, &wrong) != NULL;
  g_autofree char *value = is_wrong ? g_strdup (wrong) : dup_value (self);

  self->editing->show (self->editor, self->field, value);
}

/* Another choice may have taken this one along. What is typed is left alone. */
static void
on_edited (InnFieldRow *self)
{
  gboolean was_wanted = gtk_widget_get_visible (self->row);

  show_wanted (self);
  if (self->field->type == INN_TYPE_ENUM || (was_wanted && !gtk_widget_get_visible (self->row)))
    show_value (self);
}

static void
on_taken (const char *text, gpointer data)
{
  InnFieldRow *self = INN_FIELD_ROW (data);

  self->edited = TRUE;
  inn_draft_set (self->draft, self->element, self->field, text, NULL);
  show_note (self);
}

static void
inn_field_row_dispose (GObject *object)
{
  InnFieldRow *self = INN_FIELD_ROW (object);

  g_clear_object (&self->draft);
  g_clear_pointer (&self->element, inn_element_free);
  g_clear_pointer (&self->note_text, g_free);
  g_clear_pointer (&self->withheld, g_free);
  G_OBJECT_CLASS (inn_field_row_parent_class)->dispose (object);
}

static void
inn_field_row_class_init (InnFieldRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = inn_field_row_dispose;
}

static void
inn_field_row_init (InnFieldRow *self)
{
}

/* Rows without a subtitle say in a row below what others say in it. */
static void
build_note (InnFieldRow *self)
{
  self->note = adw_preferences_row_new ();
  self->note_label = gtk_label_new (NULL);
  gtk_label_set_wrap (GTK_LABEL (self->note_label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (self->note_label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (self->note_label), 0);
  gtk_widget_add_css_class (self->note_label, "subtitle");
  gtk_widget_add_css_class (self->note_label, "dim-label"); /* fainter, or not: as contrast asks */
  gtk_widget_add_css_class (self->note, "inn-note");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self->note), self->note_label);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self->note), FALSE);
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (self->note), FALSE);
  gtk_widget_set_focusable (self->note, FALSE);
  gtk_widget_set_visible (self->note, FALSE);
}

InnFieldRow *
inn_field_row_new (InnDraft *draft, const InnElement *element, const InnField *field)
{
  InnFieldRow *self = g_object_new (INN_TYPE_FIELD_ROW, NULL);

  self->draft = g_object_ref (draft);
  self->element = inn_element_copy (element);
  self->field = field;
  self->editing = inn_editor_for (field);
  self->row = self->editing->build (field, &self->editor, on_taken, self);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self->row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->row), _ (field->label));
  if (ADW_IS_ACTION_ROW (self->row))
    {
      adw_action_row_set_title_lines (ADW_ACTION_ROW (self->row), 0);
      adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (self->row), 0);
    }
  else
    build_note (self);
  gtk_widget_set_name (self->editor, field->name);
  if ((field->flags & INN_FIELD_FIXED) != 0)
    gtk_widget_set_sensitive (self->row, FALSE);
  g_object_set_data_full (G_OBJECT (self->row), "inn-field-row", self, g_object_unref);
  g_signal_connect_object (draft, "waiting", G_CALLBACK (show_note), self, G_CONNECT_SWAPPED);
  if (field->when != NULL || field->type == INN_TYPE_ENUM)
    g_signal_connect_object (draft, "edited", G_CALLBACK (on_edited), self, G_CONNECT_SWAPPED);
  inn_field_row_show (self);
  return self;
}

const InnField *
inn_field_row_get_field (InnFieldRow *self)
{
  g_return_val_if_fail (INN_IS_FIELD_ROW (self), NULL);

  return self->field;
}

GtkWidget *
inn_field_row_get_row (InnFieldRow *self)
{
  g_return_val_if_fail (INN_IS_FIELD_ROW (self), NULL);

  return self->row;
}

GtkWidget *
inn_field_row_get_note (InnFieldRow *self)
{
  g_return_val_if_fail (INN_IS_FIELD_ROW (self), NULL);

  return self->note;
}

GtkWidget *
inn_field_row_get_editor (InnFieldRow *self)
{
  g_return_val_if_fail (INN_IS_FIELD_ROW (self), NULL);

  return self->editor;
}

const char *
inn_field_row_get_note_text (InnFieldRow *self)
{
  g_return_val_if_fail (INN_IS_FIELD_ROW (self), NULL);

  return self->note_text;
}

void
inn_field_row_show (InnFieldRow *self)
{
  g_return_if_fail (INN_IS_FIELD_ROW (self));

  show_value (self);
  show_note (self);
  show_wanted (self);
}

void
inn_field_row_withhold (InnFieldRow *self, const char *value, const char *why)
{
  g_return_if_fail (INN_IS_FIELD_ROW (self));

  inn_editor_withhold (self->editor, value);
  if (self->withheld == NULL || strstr (self->withheld, why) == NULL)
    {
      char *all =
          self->withheld != NULL ? g_strdup_printf ("%s %s", self->withheld, why) : g_strdup (why);

      g_free (self->withheld);
      self->withheld = all;
    }
  show_note (self);
}
