/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a person changes about a machine, until it is applied: one document behind all pages of the
 * details and the XML's. No widget. */
#pragma once

#include "client/inn-machine.h"
#include "shared/inn-domain.h"

G_BEGIN_DECLS

#define INN_TYPE_DRAFT (inn_draft_get_type ())
G_DECLARE_FINAL_TYPE (InnDraft, inn_draft, INN, DRAFT, GObject)

/* Signals:
 * "loaded": the document is another one; whatever was made of the old one is void
 * "edited": a field, the text or what is wrong with them has changed
 * "waiting": what waits for the machine's next start, or would, has changed
 * "failed" (GError): reading the machine's XML failed */

InnDraft *inn_draft_new (void);
/** inn_draft_set_machine: drops what was changed of the one before; NULL: none. */
void inn_draft_set_machine (InnDraft *self, InnMachine *machine);
InnMachine *inn_draft_get_machine (InnDraft *self);
/** inn_draft_load: reads the machine's XML again. What was changed meanwhile is kept: the draft is
 * outdated then. */
void inn_draft_load (InnDraft *self);

/** inn_draft_set_domain: edits @domain, which is no machine's yet; there is nothing to apply. NULL:
 * none. */
void inn_draft_set_domain (InnDraft *self, InnDomain *domain);
gboolean inn_draft_has_wrong (InnDraft *self); /* a row shows a value that was refused */

InnDomain *inn_draft_get_domain (InnDraft *self); /* NULL: not here yet; transfer none */
gboolean inn_draft_is_dirty (InnDraft *self);     /* something to apply or discard */
gboolean inn_draft_is_busy (InnDraft *self);      /* from Apply to its outcome: do not edit */
gboolean inn_draft_is_outdated (InnDraft *self);  /* someone else has changed the machine since */
gboolean inn_draft_can_apply (InnDraft *self);    /* dirty, not busy, no row says what cannot be */
/** inn_draft_dup_wait: why what this field (NULL: all) of the element @id says waits for the next
 * start, "" where there is nothing to say; NULL: it does not wait. */
char *inn_draft_dup_wait (InnDraft *self, const char *id, const InnField *field);

/** inn_draft_set: as inn_element_set(). What is refused is remembered as wrong, under @element and
 * @field, until a value is taken. */
gboolean inn_draft_set (InnDraft *self,
                        InnElement *element,
                        const InnField *field,
                        const char *text,
                        GError **error);
/** inn_draft_get_wrong: why the value entered last was refused, and the value; else NULL. */
const GError *inn_draft_get_wrong (InnDraft *self,
                                   const InnElement *element,
                                   const InnField *field,
                                   const char **out_text);
InnElement inn_draft_add (InnDraft *self, const char *kind_name); /* "edited", not "loaded" */
void inn_draft_remove (InnDraft *self, InnElement *element);

/* A disk without a file gets a new image of @size bytes when the changes are applied; 0: it does
 * not.
 */
void inn_draft_set_new_image (InnDraft *self, const InnElement *element, guint64 size);
guint64 inn_draft_get_new_image (InnDraft *self, const InnElement *element);

/* The XML as text. While a text is being edited it is what will be applied. */
char *inn_draft_dup_xml (InnDraft *self);
void inn_draft_set_text (InnDraft *self, const char *text);
gboolean inn_draft_has_text (InnDraft *self); /* a text that is not the document yet */
/** inn_draft_commit_text: makes the edited text the document; on error the text stays. */
gboolean inn_draft_commit_text (InnDraft *self, GError **error);

void inn_draft_discard (InnDraft *self);
void inn_draft_apply_async (InnDraft *self, GAsyncReadyCallback callback, gpointer data);
/** inn_draft_apply_finish: a(sss) as Machine.Apply answers. INN_ERROR_INVALID_XML where the
 * document says something impossible. On error nothing of the draft is lost. */
GVariant *inn_draft_apply_finish (InnDraft *self, GAsyncResult *result, GError **error);

G_END_DECLS
