/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The details pages without a helper: every field of the schema has a row, the row shows what the
 * document says, and what is entered in it is in the document. */
#include "details/inn-details-view.h"
#include "details/inn-element-page.h"
#include "details/inn-hardware-row.h"
#include "details/inn-hardware.h"
#include "shared/inn-size.h"
#include "details/inn-xml-view.h"

static const InnField *
field_of (const InnKind *kind, const char *name)
{
  const InnField *field = inn_kind_find (kind, name);

  g_assert_nonnull (field);
  return field;
}

/* A value of @field that is not @now. */
static char *
other_value (const InnField *field, const char *now)
{
  guint64 number = now != NULL ? g_ascii_strtoull (now, NULL, 10) : 0;

  switch (field->type)
    {
    case INN_TYPE_BOOL:
    case INN_TYPE_PRESENT:
      return g_strdup (g_strcmp0 (now, "yes") == 0 ? "no" : "yes");
    case INN_TYPE_ENUM:
      for (const InnChoice *choice = field->choices; choice->value != NULL; choice++)
        if (g_strcmp0 (choice->value, now) != 0)
          return g_strdup (choice->value);
      return NULL;
    case INN_TYPE_UINT:
      number = MAX (number + MAX (field->per, 1), field->min);
      number -= number % MAX (field->per, 1);
      if (field->max != 0 && number > field->max)
        number = field->min;
      return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
    case INN_TYPE_SIZE:
      number = MAX (number + (1 << 20), field->min);
      return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
    case INN_TYPE_MAC:
      return g_strdup ("52:54:00:aa:bb:cc");
    case INN_TYPE_UUID:
      return g_strdup ("d36c3d1e-4e9f-4d0f-9a3c-6a1f5c9f2b11");
    case INN_TYPE_PATH:
      return g_strdup ("/srv/images/a b&c,<d>.img");
    case INN_TYPE_STRING:
      break;
    }
  if (field->choices != NULL)
    return g_strdup (field->choices[0].value);
  for (const char *const *text =
           (const char *const[]){ "vdz", "1234", "a.b", "a", "/a", "require aes\ndisable vmx",
                                  "11/29/2026", "1.20", "5000c50015ea71ad", "0 1", "0x046d", "0x3",
                                  "/dev/tpmrm1", "sign in\nsign\ndecrypt", NULL };
       *text != NULL; text++)
    if (g_strcmp0 (*text, now) != 0 && inn_field_check (field, *text, NULL))
      return g_strdup (*text);
  return NULL;
}

/* As a person would. */
static void
enter (InnFieldRow *row, const char *text)
{
  GtkWidget *editor = inn_field_row_get_editor (row);
  const InnField *field = inn_field_row_get_field (row);

  if (GTK_IS_SWITCH (editor))
    gtk_switch_set_active (GTK_SWITCH (editor), g_str_equal (text, "yes"));
  else if (GTK_IS_SPIN_BUTTON (editor))
    {
      const guint64 number = g_ascii_strtoull (text, NULL, 10);
      g_autofree char *shown =
          field->type == INN_TYPE_SIZE
              ? inn_size_format (number)
              : g_strdup_printf ("%" G_GUINT64_FORMAT, number / MAX (field->per, 1));

      gtk_editable_set_text (GTK_EDITABLE (editor), shown);
      gtk_spin_button_update (GTK_SPIN_BUTTON (editor));
    }
  else if (ADW_IS_COMBO_ROW (editor))
    {
      GListModel *model = adw_combo_row_get_model (ADW_COMBO_ROW (editor));
      const InnChoice *choice = field->choices;

      while (!g_str_equal (choice->value, text))
        choice++;
      for (guint i = 0; i < g_list_model_get_n_items (model); i++)
        if (g_str_equal (gtk_string_list_get_string (GTK_STRING_LIST (model), i), choice->label))
          adw_combo_row_set_selected (ADW_COMBO_ROW (editor), i);
    }
  else if (GTK_IS_TEXT_VIEW (editor))
    gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (editor)), text, -1);
  else
    gtk_editable_set_text (GTK_EDITABLE (editor), text);
}

/* What stands in the row, in the document's words. */
static char *
dup_shown (InnFieldRow *row)
{
  GtkWidget *editor = inn_field_row_get_editor (row);
  const InnField *field = inn_field_row_get_field (row);
  guint64 size;

  if (GTK_IS_SWITCH (editor))
    return g_strdup (gtk_switch_get_active (GTK_SWITCH (editor)) ? "yes" : "no");
  if (GTK_IS_SPIN_BUTTON (editor))
    {
      const char *text = gtk_editable_get_text (GTK_EDITABLE (editor));

      if (field->type == INN_TYPE_UINT && field->per > 1)
        return g_strdup_printf ("%" G_GUINT64_FORMAT,
                                g_ascii_strtoull (text, NULL, 10) * field->per);
      if (field->type == INN_TYPE_UINT)
        return g_strdup (text);
      g_assert_true (inn_size_parse (text, &size));
      return g_strdup_printf ("%" G_GUINT64_FORMAT, size);
    }
  if (ADW_IS_COMBO_ROW (editor))
    {
      GtkStringObject *item = adw_combo_row_get_selected_item (ADW_COMBO_ROW (editor));

      for (const InnChoice *choice = field->choices; choice->value != NULL; choice++)
        if (item != NULL && g_str_equal (choice->label, gtk_string_object_get_string (item)))
          return g_strdup (choice->value);
      return NULL;
    }
  if (GTK_IS_TEXT_VIEW (editor))
    {
      char *text;

      g_object_get (gtk_text_view_get_buffer (GTK_TEXT_VIEW (editor)), "text", &text, NULL);
      return text;
    }
  return g_strdup (gtk_editable_get_text (GTK_EDITABLE (editor)));
}

static char *
dup_said (const InnElement *element, const InnField *field)
{
  switch (field->type)
    {
    case INN_TYPE_BOOL:
    case INN_TYPE_PRESENT:
      return g_strdup (inn_element_get_bool (element, field->name) ? "yes" : "no");
    case INN_TYPE_UINT:
    case INN_TYPE_SIZE:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, inn_element_get_uint (element, field->name));
    case INN_TYPE_STRING:
    case INN_TYPE_ENUM:
    case INN_TYPE_MAC:
    case INN_TYPE_UUID:
    case INN_TYPE_PATH:
      break;
    }
  return inn_element_dup (element, field->name);
}

static InnElement
element_of (InnDraft *draft, const InnKind *kind)
{
  InnElement element;

  if (!kind->device)
    return inn_domain_get (inn_draft_get_domain (draft), kind->name);
  element = inn_draft_add (draft, kind->name);
  inn_hardware_fill (&element);
  return element;
}

static InnDraft *
draft_new (void)
{
  InnDraft *draft = inn_draft_new ();
  g_autoptr (InnDomain) domain = inn_domain_new ();

  inn_draft_set_domain (draft, domain);
  return draft;
}

static void
test_every_field (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  guint n_fields = 0;

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      InnElement element = element_of (draft, *kind);
      GtkWidget *page = g_object_ref_sink (inn_element_page_new (draft, &element));
      GPtrArray *rows = inn_element_page_get_rows (INN_ELEMENT_PAGE (page));
      guint at = 0;

      for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
        {
          g_autofree char *now = dup_said (&element, field);
          g_autofree char *wanted = NULL;
          g_autofree char *said = NULL;
          g_autofree char *shown = NULL;
          InnFieldRow *row;

          if ((field->flags & INN_FIELD_HIDDEN) != 0)
            continue;
          g_test_message ("%s/%s", (*kind)->name, field->name);
          g_assert_cmpuint (at, <, rows->len);
          row = g_ptr_array_index (rows, at++);
          g_assert_true (inn_field_row_get_field (row) == field);
          g_assert_cmpstr (
              adw_preferences_row_get_title (ADW_PREFERENCES_ROW (inn_field_row_get_row (row))), ==,
              field->label);
          wanted = other_value (field, now);
          if (wanted == NULL && field->type == INN_TYPE_ENUM && field->choices[1].value == NULL)
            continue; /* there is nothing else to choose */
          g_assert_nonnull (wanted);
          enter (row, wanted);
          said = dup_said (&element, field);
          g_assert_cmpstr (said, ==, wanted);
          g_assert_cmpstr (inn_field_row_get_note_text (row), ==, field->help);
          inn_field_row_show (row);
          shown = dup_shown (row);
          g_assert_cmpstr (shown, ==, wanted);
          n_fields++;
        }
      g_assert_cmpuint (at, ==, rows->len);
      g_object_unref (page);
    }
  g_assert_cmpuint (n_fields, >, 100);
  g_assert_true (inn_draft_is_dirty (draft));
}

/* A machine has one watchdog, and an IOMMU with ACPI only: what cannot be added says why. */
static void
test_impossible (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  InnDomain *domain = inn_draft_get_domain (draft);
  InnElement features = inn_domain_get (domain, "features");
  const InnKind *watchdog = inn_schema_find ("watchdog"), *iommu = inn_schema_find ("iommu");
  g_autofree char *first = inn_hardware_dup_problem (watchdog, domain);
  g_autofree char *second = NULL, *without = NULL, *with = NULL;
  const char *why = NULL;

  g_assert_null (first);
  inn_domain_add (domain, "watchdog");
  second = inn_hardware_dup_problem (watchdog, domain);
  g_assert_nonnull (strstr (second, "one already"));
  g_assert_true (inn_element_set (&features, "acpi", "no", NULL));
  without = inn_hardware_dup_problem (iommu, domain);
  g_assert_nonnull (strstr (without, "ACPI"));
  g_assert_true (inn_element_set (&features, "acpi", "yes", NULL));
  with = inn_hardware_dup_problem (iommu, domain);
  g_assert_null (with);
  for (guint i = 0; i < 1; i++)
    {
      g_assert_nonnull (inn_hardware_get_absent (i, &why));
      g_assert_true (g_str_has_suffix (why, "."));
    }
  g_assert_null (inn_hardware_get_absent (1, &why));
}

static gboolean
is_asked (GtkWidget *page, const char *name)
{
  GPtrArray *rows = inn_element_page_get_rows (INN_ELEMENT_PAGE (page));

  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (inn_field_row_get_field (rows->pdata[i])->name, name))
      return gtk_widget_get_visible (inn_field_row_get_row (rows->pdata[i]));
  g_error ("no row %s", name);
}

/* A bridge's name is asked for of a card on a bridge only; one that is there can be removed. */
static void
test_wanted (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  InnElement card = element_of (draft, inn_schema_find ("interface"));
  GtkWidget *page = g_object_ref_sink (inn_element_page_new (draft, &card));

  g_assert_true (is_asked (page, "type"));
  g_assert_false (is_asked (page, "network"));
  g_assert_false (is_asked (page, "bridge"));
  inn_draft_set (draft, &card, field_of (card.kind, "type"), "bridge", NULL);
  g_assert_true (is_asked (page, "bridge"));
  g_assert_false (is_asked (page, "network"));
  inn_draft_set (draft, &card, field_of (card.kind, "bridge"), "br0", NULL);
  inn_draft_set (draft, &card, field_of (card.kind, "type"), "user", NULL);
  g_assert_true (is_asked (page, "bridge"));
  inn_draft_set (draft, &card, field_of (card.kind, "bridge"), NULL, NULL);
  g_assert_false (is_asked (page, "bridge"));
  g_object_unref (page);
}

/* Showing a page changes nothing. */
static void
test_looking (void)
{
  g_autoptr (InnDraft) draft = draft_new ();

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      g_autofree char *before = NULL;
      g_autofree char *after = NULL;
      InnElement element = element_of (draft, *kind);
      GtkWidget *page;

      before = inn_draft_dup_xml (draft);
      page = g_object_ref_sink (inn_element_page_new (draft, &element));
      after = inn_draft_dup_xml (draft);
      g_assert_cmpstr (after, ==, before);
      g_object_unref (page);
    }
}

static void
test_refused (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  InnElement general = inn_domain_get (inn_draft_get_domain (draft), "general");
  InnFieldRow *row;
  GtkWidget *widget;
  GtkWidget *box = g_object_ref_sink (gtk_list_box_new ());
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_assert_true (inn_draft_set (draft, &general, field_of (general.kind, "name"), "good", NULL));
  before = inn_draft_dup_xml (draft);
  row = inn_field_row_new (draft, &general, field_of (general.kind, "name"));
  widget = inn_field_row_get_row (row);
  gtk_list_box_append (GTK_LIST_BOX (box), widget);
  gtk_list_box_append (GTK_LIST_BOX (box), inn_field_row_get_note (row));
  g_assert_false (gtk_widget_has_css_class (widget, "error"));

  gtk_editable_set_text (GTK_EDITABLE (widget), "no/slash");
  g_assert_true (gtk_widget_has_css_class (widget, "error"));
  g_assert_cmpstr (inn_field_row_get_note_text (row), !=, NULL);
  g_assert_true (gtk_widget_get_visible (inn_field_row_get_note (row)));
  g_assert_true (inn_draft_is_dirty (draft));
  g_assert_false (inn_draft_can_apply (draft));
  after = inn_draft_dup_xml (draft);
  g_assert_cmpstr (after, ==, before);
  gtk_test_accessible_assert_state (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_STATE_INVALID,
                                    GTK_ACCESSIBLE_INVALID_TRUE);

  gtk_editable_set_text (GTK_EDITABLE (widget), "better");
  g_assert_false (gtk_widget_has_css_class (widget, "error"));
  g_assert_true (inn_draft_can_apply (draft));
  g_object_unref (box);
}

static void
test_xml (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  GtkWidget *view = g_object_ref_sink (inn_xml_view_new (draft));
  GtkTextBuffer *buffer =
      gtk_text_view_get_buffer (inn_xml_view_get_text_view (INN_XML_VIEW (view)));
  g_autoptr (GError) error = NULL;
  g_autofree char *good = inn_draft_dup_xml (draft);
  g_autofree char *kept = NULL;
  const char *bad = "<domain type='kvm'>\n  <name>x</nam>\n</domain>\n";
  GtkTextIter at;

  g_assert_false (inn_draft_has_text (draft));
  gtk_text_buffer_set_text (buffer, bad, -1);
  g_assert_true (inn_draft_has_text (draft));
  g_assert_false (inn_draft_commit_text (draft, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_XML);
  inn_xml_view_show_error (INN_XML_VIEW (view), error);
  gtk_text_buffer_get_iter_at_mark (buffer, &at, gtk_text_buffer_get_insert (buffer));
  g_assert_cmpint (gtk_text_iter_get_line (&at), ==, 1);
  g_assert_cmpint (gtk_text_iter_get_line_offset (&at), >, 0);
  kept = inn_draft_dup_xml (draft);
  g_assert_cmpstr (kept, ==, bad);

  /* Numbers that tell no place move nothing. */
  g_clear_error (&error);
  g_set_error (&error, INN_ERROR, INN_ERROR_INVALID_XML,
               "Processors: Choose a number from 1 to 3.");
  inn_xml_view_show_error (INN_XML_VIEW (view), error);
  gtk_text_buffer_get_iter_at_mark (buffer, &at, gtk_text_buffer_get_insert (buffer));
  g_assert_cmpint (gtk_text_iter_get_line (&at), ==, 1);

  gtk_text_buffer_set_text (buffer, good, -1);
  g_assert_false (inn_draft_has_text (draft));
  g_object_unref (view);
}

/* The text in @widget that is cut off, or NULL. */
static const char *
find_cut (GtkWidget *widget)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_LABEL (widget) &&
      pango_layout_is_ellipsized (gtk_label_get_layout (GTK_LABEL (widget))))
    return gtk_label_get_label (GTK_LABEL (widget));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      const char *cut = find_cut (child);

      if (cut != NULL)
        return cut;
    }
  return NULL;
}

static void
on_painted (GdkFrameClock *clock, gboolean *painted)
{
  *painted = TRUE;
}

static void
wait_for_frame (GtkWidget *widget)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (widget);
  gboolean painted = FALSE;
  gulong handler = g_signal_connect (clock, "after-paint", G_CALLBACK (on_painted), &painted);

  gtk_widget_queue_resize (widget);
  while (!painted)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (clock, handler);
}

/* Every choice of every field can be read whole beside its help. */
static void
test_choices (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  GtkWidget *window = gtk_window_new ();

  gtk_window_set_default_size (GTK_WINDOW (window), 640, 900);
  gtk_window_present (GTK_WINDOW (window));
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      InnElement element = element_of (draft, *kind);
      GtkWidget *page = inn_element_page_new (draft, &element);
      GPtrArray *rows = inn_element_page_get_rows (INN_ELEMENT_PAGE (page));

      gtk_window_set_child (GTK_WINDOW (window), page);
      for (guint i = 0; i < rows->len; i++)
        {
          GtkWidget *editor = inn_field_row_get_editor (rows->pdata[i]);
          GtkWidget *more = gtk_widget_get_ancestor (editor, ADW_TYPE_EXPANDER_ROW);
          guint n = 0;

          if (!ADW_IS_COMBO_ROW (editor))
            continue;
          if (more != NULL)
            adw_expander_row_set_expanded (ADW_EXPANDER_ROW (more), TRUE);
          n = g_list_model_get_n_items (adw_combo_row_get_model (ADW_COMBO_ROW (editor)));
          for (guint j = 0; j < n; j++)
            {
              adw_combo_row_set_selected (ADW_COMBO_ROW (editor), j);
              wait_for_frame (window);
              g_assert_cmpstr (find_cut (editor), ==, NULL);
            }
        }
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

/* What identifies a device is said where two would look alike, and nowhere else. */
static void
test_titles (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  InnElement first = element_of (draft, inn_schema_find ("interface"));
  InnElement disk = element_of (draft, inn_schema_find ("disk"));
  g_autofree char *alone = inn_hardware_row_dup_title (&first);
  g_autofree char *disk_title = inn_hardware_row_dup_title (&disk);
  g_autofree char *mac = inn_element_dup (&first, "mac");
  g_autofree char *among = NULL;

  g_assert_cmpstr (alone, ==, "Network");
  g_assert_cmpstr (disk_title, ==, "Disk vda");
  element_of (draft, inn_schema_find ("interface"));
  among = inn_hardware_row_dup_title (&first);
  g_assert_nonnull (strstr (among, mac));
}

/* Nothing is folded away on a page that has nothing else. */
static void
test_folds (void)
{
  g_autoptr (InnDraft) draft = draft_new ();
  const char *const kinds[] = { "events", "graphics", "disk" };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      InnElement element = element_of (draft, inn_schema_find (kinds[i]));
      GtkWidget *page = g_object_ref_sink (inn_element_page_new (draft, &element));
      GPtrArray *rows = inn_element_page_get_rows (INN_ELEMENT_PAGE (page));
      guint folded = 0;

      for (guint j = 0; j < rows->len; j++)
        folded += gtk_widget_get_ancestor (inn_field_row_get_row (rows->pdata[j]),
                                           ADW_TYPE_EXPANDER_ROW) != NULL;
      if (g_str_equal (kinds[i], "disk"))
        g_assert_cmpuint (folded, >, 0);
      else
        g_assert_cmpuint (folded, ==, 0);
      g_object_unref (page);
    }
}

static void
test_sizes (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
    const char *shown;
  } table[] = {
    { "4 GiB", G_GUINT64_CONSTANT (4) << 30, "4 GiB" },
    { "1.5g", 1536 << 20, "1536 MiB" },
    { "512M", 512 << 20, "512 MiB" },
    { " 64 kib ", 64 << 10, "64 KiB" },
    { "1000", 1000, "1000 B" },
    { "0,5 TB", G_GUINT64_CONSTANT (512) << 30, "512 GiB" },
    { "0", 0, "0 B" },
  };
  guint64 bytes;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *shown = NULL;

      g_assert_true (inn_size_parse (table[i].text, &bytes));
      g_assert_cmpuint (bytes, ==, table[i].bytes);
      shown = inn_size_format (bytes);
      g_assert_cmpstr (shown, ==, table[i].shown);
    }
  for (const char *const *bad = (const char *const[]){ "", "GiB", "4 Gib x", "-1", "nan", "inf",
                                                       "1e40", "99999 PiB", NULL };
       *bad != NULL; bad++)
    g_assert_false (inn_size_parse (*bad, &bytes));
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/details/what-cannot-be-added", test_impossible);
  g_test_add_func ("/details/every-field", test_every_field);
  g_test_add_func ("/details/asked-where-it-means-something", test_wanted);
  g_test_add_func ("/details/looking-changes-nothing", test_looking);
  g_test_add_func ("/details/refused", test_refused);
  g_test_add_func ("/details/xml", test_xml);
  g_test_add_func ("/details/choices-are-read-whole", test_choices);
  g_test_add_func ("/details/titles", test_titles);
  g_test_add_func ("/details/nothing-but-folds", test_folds);
  g_test_add_func ("/details/sizes", test_sizes);
  return g_test_run ();
}
