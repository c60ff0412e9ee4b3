/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One method call that has passed the gate: who asks, for what, and the one way to answer. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

typedef struct _VmhCall VmhCall;

/* Arguments as the contract's XML types them; GDBus has checked the signature, nobody has checked
 * the values. */
GVariant *vmh_call_get_parameters (VmhCall *call);
/** vmh_call_take_fd: the message's fd @handle, once, to be closed by vmh_close_later() as the
 * caller's; -1 with INVALID_ARGUMENT where it carries none such. */
int vmh_call_take_fd (VmhCall *call, gint32 handle, GError **error);
uid_t vmh_call_get_uid (VmhCall *call); /* from the bus, never from the message */
/** vmh_call_get_object: the GObject exported at the path, kept alive by the call. */
gpointer vmh_call_get_object (VmhCall *call);
/** vmh_call_get_cancellable: cancelled when the caller leaves the bus. */
GCancellable *vmh_call_get_cancellable (VmhCall *call);

/** vmh_call_check_options: FALSE with INVALID_ARGUMENT if @options has a key that is not in
 * @allowed ("key", "type", …, NULL), or of another type. */
gboolean vmh_call_check_options (GVariant *options, const char *const *allowed, GError **error);

/* Each consumes the call. */

/** vmh_call_return: @value: a tuple, or NULL for none; floating is sunk. */
void vmh_call_return (VmhCall *call, GVariant *value);
/** vmh_call_return_fd: @value: "(h)"-like, with index 0; @fd is closed. */
void vmh_call_return_fd (VmhCall *call, GVariant *value, int fd);
/** vmh_call_fail: consumes the error, of any domain: it is told as an org.innkeeper.Error.*. */
void vmh_call_fail (VmhCall *call, GError *error);

typedef struct
{
  const char *name;
  void (*handle) (VmhCall *call); /* takes the call over */
} VmhMethod;

typedef struct
{
  const char *name;
  GVariant *(*get) (gpointer object); /* must not block */
} VmhProperty;

/** VMH_GETTER: get_@name() for a row of these; @declaration is how @expression names the object. */
#define VMH_GETTER(name, declaration, expression)                                                  \
  static GVariant *get_##name (gpointer object)                                                    \
  {                                                                                                \
    declaration = object;                                                                          \
                                                                                                   \
    return expression;                                                                             \
  }

/** VmhInterface: binds an interface of data/dbus to code; a unit test compares the rows with the
 * XML. */
typedef struct
{
  const char *name;
  const VmhMethod *methods;      /* ended by a NULL name */
  const VmhProperty *properties; /* ended by a NULL name */
} VmhInterface;

G_END_DECLS
