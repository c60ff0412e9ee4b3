/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The widgets that edit a value, one kind for each InnType. For inn-field-row.c, and for
 * the wizard's few values that no machine has. */
#pragma once

#include <adwaita.h>
#include "shared/inn-schema.h"

G_BEGIN_DECLS

/** InnTaken: a person has chosen @text (as in the XML, sizes in bytes; NULL: not set). */
typedef void (*InnTaken) (const char *text, gpointer data);

/** InnEditor: what makes a row for one type of field, and shows a value in it. */
typedef struct
{
  /* Answers the row; @out_editor: the widget that has the value. */
  GtkWidget *(*build) (const InnField *field,
                       GtkWidget **out_editor,
                       InnTaken taken,
                       gpointer data);
  /* @text NULL: not set. Must not call taken for what it shows. */
  void (*show) (GtkWidget *editor, const InnField *field, const char *text);
} InnEditor;

/** inn_editor_for: never NULL. */
const InnEditor *inn_editor_for (const InnField *field);

/** inn_field_is_optional: may be without a value, which is not the same as any value it can have.
 */
gboolean inn_field_is_optional (const InnField *field);

/** inn_editor_withhold: takes @value from the choices of an editor that has some. */
void inn_editor_withhold (GtkWidget *editor, const char *value);

G_END_DECLS
