/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Binds org.innkeeper.Helper1.Console to code. Decides nothing. */
#include "vmh-contract.h"

#include "machine/vmh-verbs.h"
#include "shared/inn-names.h"

static const VmhMethod methods[] = {
  { "OpenDisplay", vmh_verb_open_display },
  { "OpenSerial", vmh_verb_open_serial },
  { "OpenUsb", vmh_verb_open_usb },
  { "Screenshot", vmh_verb_screenshot },
  { 0 },
};

static const VmhProperty properties[] = {
  { "Displays", vmh_console_get_displays },
  { "Serials", vmh_console_get_serials },
  { "Sound", vmh_console_get_sound },
  { 0 },
};

const VmhInterface vmh_console_interface = { INN_IFACE_CONSOLE, methods, properties };
