/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The schema's paths on libxml2's nodes: finding, making, reading, writing and removing what a path
 * names, with the indentation around it. Knows nothing of kinds and fields. Private to src/shared.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_BEGIN_DECLS

/** inn_path_find: the element that @path below @base names, or that holds the attribute which it
 * names; NULL where there is none. @out_attribute: NULL for the element itself or its text. */
xmlNode *inn_path_find (xmlNode *base, const char *path, const char **out_attribute);
/** inn_path_dup: the text at @path, NULL where there is none (an element without text: NULL). */
char *inn_path_dup (xmlNode *base, const char *path);
/** inn_path_make: finds or makes the element; NULL only where "name[3]" is asked for and there is
 * no second. */
xmlNode *inn_path_make (xmlNode *base, const char *path, const char **out_attribute);
gboolean inn_path_set (xmlNode *base, const char *path, const char *text);
/** inn_path_remove: the attribute or text, where it is there, and the elements of @path that are
 * then empty. */
void inn_path_remove (xmlNode *base, const char *path);
/** inn_path_remove_element: the element whatever it holds, likewise. */
void inn_path_remove_element (xmlNode *base, const char *path);

/** inn_path_dup_lines, inn_path_set_lines, inn_path_remove_lines: of all elements at the @path of
 * an INN_FIELD_LIST, a line each. */
char *inn_path_dup_lines (xmlNode *base, const char *path);
void inn_path_set_lines (xmlNode *base, const char *path, const char *text);
void inn_path_remove_lines (xmlNode *base, const char *path);

gboolean inn_node_is (const xmlNode *node, const char *name);
/** inn_node_insert: @child below @parent before @before (NULL: at the end), on a line of its own
 * where its siblings are. */
void inn_node_insert (xmlNode *parent, xmlNode *child, xmlNode *before);
/** inn_node_drop: unlinks and frees @node and its line. */
void inn_node_drop (xmlNode *node);

G_END_DECLS
