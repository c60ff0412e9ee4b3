/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A text, typed into a guest key by key: for one that shares no clipboard. */
#pragma once

#include "inn-display-source.h"

G_BEGIN_DECLS

#define INN_TYPING_MAX 5000 /* characters: two minutes of it */

typedef struct _InnTyping InnTyping;

/**
 * inn_typing_new:
 * @text: what is typed; lines end as Enter ends them
 *
 * By this computer's keyboard layout, the first where there are several: the guest is to have the
 * same. INN_ERROR_INVALID_ARGUMENT names what has no key there, and nothing is typed.
 */
InnTyping *
inn_typing_new (GdkDisplay *display, InnDisplaySource *source, const char *text, GError **error);
/** inn_typing_begin: one key after the other, no faster than a guest's keyboard tells of them;
 * @ended is called when all is typed. */
void inn_typing_begin (InnTyping *self, void (*ended) (gpointer data), gpointer data);
/** inn_typing_free: at once; what is down is released. */
void inn_typing_free (InnTyping *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InnTyping, inn_typing_free)

G_END_DECLS
