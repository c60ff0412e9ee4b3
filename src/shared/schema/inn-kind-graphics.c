/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How the screen leaves the machine. This program needs none to be said; what is there is kept. */
#include "inn-words.h"

static const InnChoice types[] = {
  { "vnc", N_ ("VNC") },         { "spice", N_ ("SPICE") },
  { "sdl", N_ ("SDL") },         { "egl-headless", N_ ("Graphics card only") },
  { "dbus", N_ ("D-Bus") },      { "rdp", N_ ("RDP") },
  { "desktop", N_ ("Desktop") }, { NULL, NULL },
};

static const InnChoice listens[] = {
  { "none", N_ ("Nothing") },
  { "socket", N_ ("A socket") },
  { "address", N_ ("An address") },
  { "network", N_ ("A network") },
  { NULL, NULL },
};

/* Each protocol has words of its own that we keep but do not know, so a display is not changed to
 * another protocol but replaced. Nobody but this window needs to reach the screen. */
static const InnField fields[] = {
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_ADVANCED | INN_FIELD_FIXED,
    .choices = types,
    .label = N_ ("Protocol"),
    .help = N_ ("The window itself always uses VNC over a private connection.") },
  { .name = "listen",
    .path = "listen/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .choices = listens,
    .label = N_ ("Listens on") },
  { .name = "listen-network",
    .path = "listen/@network",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_HIDDEN,
    .max = 64,
    .label = N_ ("Listens on the network") },
  { .name = "render-node",
    .path = "gl/@rendernode",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_HIDDEN,
    .max = 32,
    .pattern = "/dev/dri/renderD[0-9]+",
    .label = N_ ("Draws by"),
    .help = N_ ("For 3D acceleration.") },
  { .name = "keymap",
    .path = "@keymap",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_HIDDEN,
    .max = 16,
    .pattern = "[A-Za-z0-9_.\\-]+",
    .label = N_ ("Keyboard layout") },
  { .name = "passwd",
    .path = "@passwd",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_SECRET | INN_FIELD_HIDDEN,
    .max = 255,
    .label = N_ ("Password") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  return inn_rule (inn_element_is (element, "listen", "network") ==
                       inn_element_has (element, "listen-network"),
                   _ ("Listening on a network needs the network's name, and only that does."),
                   error) &&
         inn_rule (inn_element_is (element, "type", "egl-headless") ||
                       !inn_element_has (element, "render-node"),
                   _ ("Only the display “Graphics card only” says which card draws."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "type");
}

const InnKind inn_kind_graphics = {
  .name = "graphics",
  .path = "devices/graphics",
  .key = "type",
  .label = N_ ("Display"),
  .icon = "preferences-desktop-display-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
