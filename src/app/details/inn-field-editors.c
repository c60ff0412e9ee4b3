/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The widgets that edit a value. Know the field's type, not the machine, the draft or the page. */
#include "inn-field-editors.h"

#include "inn-choice-list.h"
#include "shared/inn-size.h"

#include <errno.h>
#include <glib/gi18n.h>

#define NOT_SET -1.0 /* of a spin button whose field may be absent */

typedef struct
{
  const InnField *field;
  InnTaken taken;
  gpointer data;
  gboolean showing;
} Target;

static Target *
target_of (gpointer editor)
{
  return g_object_get_data (G_OBJECT (editor), "inn-target");
}

static void
target_set (GtkWidget *editor, const InnField *field, InnTaken taken, gpointer data)
{
  Target *target = g_new0 (Target, 1);

  target->field = field;
  target->taken = taken;
  target->data = data;
  g_object_set_data_full (G_OBJECT (editor), "inn-target", target, g_free);
}

static void
take (gpointer editor, const char *text)
{
  Target *target = target_of (editor);

  if (!target->showing)
    target->taken (text, target->data);
}

/* Editors that a row activates are labelled by its title already. */
static void
name_for_assistive (GtkWidget *editor, const InnField *field)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (editor), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (field->label), -1);
}

gboolean
inn_field_is_optional (const InnField *field)
{
  return field->fallback == NULL && (field->flags & INN_FIELD_REQUIRED) == 0;
}

/* BOOL, PRESENT */

static void
on_switch_notify (GtkSwitch *editor)
{
  take (editor, gtk_switch_get_active (editor) ? "yes" : "no");
}

static GtkWidget *
build_switch (const InnField *field, GtkWidget **out_editor, InnTaken taken, gpointer data)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *editor = gtk_switch_new ();

  gtk_widget_set_valign (editor, GTK_ALIGN_CENTER);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), editor);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), editor);
  target_set (editor, field, taken, data);
  g_signal_connect (editor, "notify::active", G_CALLBACK (on_switch_notify), NULL);
  *out_editor = editor;
  return row;
}

static void
show_switch (GtkWidget *editor, const InnField *field, const char *text)
{
  target_of (editor)->showing = TRUE;
  gtk_switch_set_active (GTK_SWITCH (editor), g_strcmp0 (text, "yes") == 0);
  target_of (editor)->showing = FALSE;
}

/* ENUM: the values of the list's rows stand beside the labels. */

static void
on_combo_notify (AdwComboRow *editor)
{
  GPtrArray *values = g_object_get_data (G_OBJECT (editor), "inn-values");
  guint at = adw_combo_row_get_selected (editor);

  if (at < values->len)
    take (editor, g_ptr_array_index (values, at));
}

static GtkWidget *
build_combo (const InnField *field, GtkWidget **out_editor, InnTaken taken, gpointer data)
{
  GtkWidget *row = adw_combo_row_new ();
  g_autoptr (GtkStringList) labels = gtk_string_list_new (NULL);
  GPtrArray *values = g_ptr_array_new_with_free_func (g_free);

  if (inn_field_is_optional (field))
    {
      gtk_string_list_append (labels, _ ("Default"));
      g_ptr_array_add (values, NULL);
    }
  for (const InnChoice *choice = field->choices; choice != NULL && choice->value != NULL; choice++)
    {
      gtk_string_list_append (labels, _ (choice->label));
      g_ptr_array_add (values, g_strdup (choice->value));
    }
  inn_choice_list_attach (ADW_COMBO_ROW (row));
  adw_combo_row_set_model (ADW_COMBO_ROW (row), G_LIST_MODEL (labels));
  g_object_set_data_full (G_OBJECT (row), "inn-values", values, (GDestroyNotify)g_ptr_array_unref);
  name_for_assistive (row, field);
  target_set (row, field, taken, data);
  g_signal_connect (row, "notify::selected", G_CALLBACK (on_combo_notify), NULL);
  *out_editor = row;
  return row;
}

static void
show_combo (GtkWidget *editor, const InnField *field, const char *text)
{
  GPtrArray *values = g_object_get_data (G_OBJECT (editor), "inn-values");
  guint at;

  for (at = 0; at < values->len; at++)
    if (g_strcmp0 (g_ptr_array_index (values, at), text) == 0)
      break;
  target_of (editor)->showing = TRUE;
  if (at == values->len && text != NULL)
    {
      /* A word that we do not know: shown as it is, and kept. */
      g_ptr_array_add (values, g_strdup (text));
      gtk_string_list_append (GTK_STRING_LIST (adw_combo_row_get_model (ADW_COMBO_ROW (editor))),
                              text);
    }
  adw_combo_row_set_selected (ADW_COMBO_ROW (editor),
                              at < values->len ? at : GTK_INVALID_LIST_POSITION);
  target_of (editor)->showing = FALSE;
}

void
inn_editor_withhold (GtkWidget *editor, const char *value)
{
  GPtrArray *values = g_object_get_data (G_OBJECT (editor), "inn-values");

  g_return_if_fail (values != NULL);

  for (guint at = 0; at < values->len; at++)
    if (g_strcmp0 (g_ptr_array_index (values, at), value) == 0)
      {
        GListModel *labels = adw_combo_row_get_model (ADW_COMBO_ROW (editor));

        target_of (editor)->showing = TRUE; /* what is chosen may get another place */
        g_ptr_array_remove_index (values, at);
        gtk_string_list_remove (GTK_STRING_LIST (labels), at);
        target_of (editor)->showing = FALSE;
        return;
      }
}

/* UINT, SIZE */

static double
per (const InnField *field)
{
  return field->per > 0 ? (double)field->per : 1;
}

/* What stands around the number does not count: "150 %". */
static gboolean
parse_number (const char *text, guint64 *out_value)
{
  char *end;

  *out_value = g_ascii_strtoull (text, &end, 10);
  return g_ascii_isdigit (*text) && (*end == '\0' || *end == ' ' || *end == '%');
}

static int
on_spin_input (GtkSpinButton *editor, double *out_value)
{
  const Target *target = target_of (editor);
  const char *text = gtk_editable_get_text (GTK_EDITABLE (editor));
  guint64 value;

  if (inn_field_is_optional (target->field) && (*text == '\0' || g_str_equal (text, _ ("Default"))))
    *out_value = NOT_SET;
  else if (target->field->type == INN_TYPE_SIZE ? inn_size_parse (text, &value)
                                                : parse_number (text, &value))
    *out_value = value;
  else
    return GTK_INPUT_ERROR;
  return TRUE;
}

static gboolean
on_spin_output (GtkSpinButton *editor)
{
  const Target *target = target_of (editor);
  double value = gtk_spin_button_get_value (editor);
  g_autofree char *text = NULL;

  if (value < 0)
    text = g_strdup (_ ("Default"));
  else if (target->field->type == INN_TYPE_SIZE)
    text = inn_size_format ((guint64)value);
  else if (target->field->shown != NULL)
    {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the schema's, with one %.0f */
      text = g_strdup_printf (_ (target->field->shown), value);
#pragma GCC diagnostic pop
    }
  else
    text = g_strdup_printf ("%.0f", value);
  if (!g_str_equal (text, gtk_editable_get_text (GTK_EDITABLE (editor))))
    gtk_editable_set_text (GTK_EDITABLE (editor), text);
  return TRUE;
}

static void
on_spin_changed (GtkSpinButton *editor)
{
  double value = gtk_spin_button_get_value (editor);
  g_autofree char *text =
      value < 0 ? NULL : g_strdup_printf ("%.0f", value * per (target_of (editor)->field));

  take (editor, text);
}

/* A step that suits what is there: nobody counts gibibytes in bytes. */
static double
spin_step (const InnField *field, double value)
{
  if (field->type != INN_TYPE_SIZE)
    return field->per > 1 ? 10 : 1;
  if (value >= 8LL << 30)
    return 1 << 30;
  if (value >= 1 << 30 || field->max > G_GUINT64_CONSTANT (1) << 34)
    return 256 << 20;
  return value >= 1 << 20 ? 1 << 20 : 1 << 10;
}

static GtkWidget *
build_spin (const InnField *field, GtkWidget **out_editor, InnTaken taken, gpointer data)
{
  GtkWidget *row = adw_action_row_new ();
  /* Doubles count exactly to 2^53; no field of a machine is larger. */
  double upper = field->max != 0 ? MIN (field->max, G_GUINT64_CONSTANT (1) << 53) : 1LL << 53;
  double lower = inn_field_is_optional (field) ? NOT_SET : (double)field->min / per (field);
  GtkWidget *editor = gtk_spin_button_new_with_range (lower, upper / per (field), 1);

  gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (editor), FALSE); /* "4 GiB", "Default" */
  gtk_spin_button_set_digits (GTK_SPIN_BUTTON (editor), 0);
  gtk_editable_set_width_chars (GTK_EDITABLE (editor), 8);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (editor), 10);
  gtk_spin_button_set_update_policy (GTK_SPIN_BUTTON (editor), GTK_UPDATE_IF_VALID);
  gtk_widget_set_valign (editor, GTK_ALIGN_CENTER);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), editor);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), editor);
  target_set (editor, field, taken, data);
  g_signal_connect (editor, "input", G_CALLBACK (on_spin_input), NULL);
  g_signal_connect (editor, "output", G_CALLBACK (on_spin_output), NULL);
  g_signal_connect (editor, "value-changed", G_CALLBACK (on_spin_changed), NULL);
  *out_editor = editor;
  return row;
}

static void
show_spin (GtkWidget *editor, const InnField *field, const char *text)
{
  double value = text != NULL ? (double)g_ascii_strtoull (text, NULL, 10) / per (field) : NOT_SET;
  double step = spin_step (field, value);

  target_of (editor)->showing = TRUE;
  gtk_spin_button_set_increments (GTK_SPIN_BUTTON (editor), step, step * 4);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (editor), value);
  gtk_spin_button_update (GTK_SPIN_BUTTON (editor));
  target_of (editor)->showing = FALSE;
}

/* STRING, MAC, UUID, PATH */

static void
on_entry_changed (AdwEntryRow *editor)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (editor));

  take (editor, *text != '\0' ? text : NULL);
}

static void
on_file_response (GtkNativeDialog *chooser, int response, GtkEditable *editor)
{
  g_autoptr (GFile) file = NULL;
  g_autofree char *path = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (chooser));
  path = file != NULL ? g_file_get_path (file) : NULL;
  if (path != NULL)
    gtk_editable_set_text (editor, path);
  gtk_native_dialog_destroy (chooser);
}

static void
on_choose_clicked (GtkWidget *button, GtkWidget *editor)
{
  const Target *target = target_of (editor);
  GtkRoot *root = gtk_widget_get_root (editor);
  gboolean folder = (target->field->flags & INN_FIELD_FOLDER) != 0;
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new (
      _ (target->field->label), GTK_WINDOW (root),
      folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Choose"),
      _ ("_Cancel"));
  const char *now = gtk_editable_get_text (GTK_EDITABLE (editor));

  if (g_path_is_absolute (now))
    {
      g_autoptr (GFile) file = g_file_new_for_path (now);

      gtk_file_chooser_set_file (GTK_FILE_CHOOSER (chooser), file, NULL);
    }
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (chooser), TRUE);
  g_signal_connect_object (chooser, "response", G_CALLBACK (on_file_response), editor, 0);
  /* The chooser lives until it has answered, or until its row goes. */
  g_object_set_data_full (G_OBJECT (editor), "inn-chooser", chooser, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (chooser));
}

static void
on_suggestion_activate (GSimpleAction *action, GVariant *parameter, gpointer editor)
{
  gtk_editable_set_text (GTK_EDITABLE (editor), g_variant_get_string (parameter, NULL));
}

static GtkWidget *
suffix_button (GtkWidget *button, const char *tooltip)
{
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                  -1);
  gtk_widget_add_css_class (button, "flat");
  return button;
}

static void
add_suggestions (GtkWidget *row, const InnField *field)
{
  static const GActionEntry entries[] = {
    { .name = "pick", .activate = on_suggestion_activate, .parameter_type = "s" }
  };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  g_autoptr (GMenu) menu = g_menu_new ();
  GtkWidget *button = gtk_menu_button_new ();

  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), row);
  for (const InnChoice *choice = field->choices; choice->value != NULL; choice++)
    {
      g_autoptr (GMenuItem) item = g_menu_item_new (_ (choice->label), NULL);

      g_menu_item_set_action_and_target (item, "suggest.pick", "s", choice->value);
      g_menu_append_item (menu, item);
    }
  gtk_widget_insert_action_group (row, "suggest", G_ACTION_GROUP (group));
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), "pan-down-symbolic");
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (row), suffix_button (button, _ ("Suggestions")));
}

static GtkWidget *
build_entry (const InnField *field, GtkWidget **out_editor, InnTaken taken, gpointer data)
{
  GtkWidget *row =
      (field->flags & INN_FIELD_SECRET) != 0 ? adw_password_entry_row_new () : adw_entry_row_new ();
  GtkEditable *text = gtk_editable_get_delegate (GTK_EDITABLE (row));

  if (field->type == INN_TYPE_PATH)
    {
      GtkWidget *button = gtk_button_new_from_icon_name ("document-open-symbolic");

      g_signal_connect (button, "clicked", G_CALLBACK (on_choose_clicked), row);
      adw_entry_row_add_suffix (ADW_ENTRY_ROW (row),
                                suffix_button (button, (field->flags & INN_FIELD_FOLDER) != 0
                                                           ? _ ("Choose a folder")
                                                           : _ ("Choose a file")));
    }
  if (field->choices != NULL)
    add_suggestions (row, field);
  if (text != NULL)
    name_for_assistive (GTK_WIDGET (text), field);
  target_set (row, field, taken, data);
  g_signal_connect (row, "changed", G_CALLBACK (on_entry_changed), NULL);
  *out_editor = row;
  return row;
}

static void
show_entry (GtkWidget *editor, const InnField *field, const char *text)
{
  target_of (editor)->showing = TRUE;
  if (g_strcmp0 (text != NULL ? text : "", gtk_editable_get_text (GTK_EDITABLE (editor))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (editor), text != NULL ? text : "");
  target_of (editor)->showing = FALSE;
}

/* STRING of several lines */

static void
on_buffer_changed (GtkTextBuffer *buffer, GtkWidget *editor)
{
  g_autofree char *text = NULL;

  g_object_get (buffer, "text", &text, NULL);
  take (editor, *text != '\0' ? text : NULL);
}

static GtkWidget *
build_text (const InnField *field, GtkWidget **out_editor, InnTaken taken, gpointer data)
{
  GtkWidget *row = adw_preferences_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *label = gtk_label_new (_ (field->label));
  GtkWidget *editor = gtk_text_view_new ();

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (box, "inn-text-row");
  gtk_widget_add_css_class (label, "subtitle");
  gtk_widget_add_css_class (label, "dim-label");
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (editor), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (editor), FALSE);
  gtk_widget_set_size_request (editor, -1, 60);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), editor);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  name_for_assistive (editor, field);
  target_set (editor, field, taken, data);
  g_signal_connect_object (gtk_text_view_get_buffer (GTK_TEXT_VIEW (editor)), "changed",
                           G_CALLBACK (on_buffer_changed), editor, 0);
  *out_editor = editor;
  return row;
}

static void
show_text (GtkWidget *editor, const InnField *field, const char *text)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (editor));
  g_autofree char *now = NULL;

  g_object_get (buffer, "text", &now, NULL);
  target_of (editor)->showing = TRUE;
  if (g_strcmp0 (now, text != NULL ? text : "") != 0)
    gtk_text_buffer_set_text (buffer, text != NULL ? text : "", -1);
  target_of (editor)->showing = FALSE;
}

const InnEditor *
inn_editor_for (const InnField *field)
{
  static const InnEditor a_switch = { build_switch, show_switch };
  static const InnEditor a_combo = { build_combo, show_combo };
  static const InnEditor a_spin = { build_spin, show_spin };
  static const InnEditor an_entry = { build_entry, show_entry };
  static const InnEditor a_text = { build_text, show_text };

  switch (field->type)
    {
    case INN_TYPE_BOOL:
    case INN_TYPE_PRESENT:
      return &a_switch;
    case INN_TYPE_ENUM:
      return &a_combo;
    case INN_TYPE_UINT:
    case INN_TYPE_SIZE:
      return &a_spin;
    case INN_TYPE_STRING:
      return (field->flags & INN_FIELD_MULTILINE) != 0 ? &a_text : &an_entry;
    case INN_TYPE_MAC:
    case INN_TYPE_UUID:
    case INN_TYPE_PATH:
      break;
    }
  return &an_entry;
}
