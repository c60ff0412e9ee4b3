/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A "qnum" is what an AT keyboard sends for the key in its scan code set 1, with 0x80 set where an
 * 0xe0 goes before it. The numbers are those that Linux' own keyboard driver uses the other way
 * round (drivers/input/keyboard/atkbd.c, and the columns "Linux Keycode" and "XT KBD" of
 * keycodemapdb, which QEMU's tables are made of). */
#include "inn-qnum.h"

#include <gdk/gdk.h>
#include <linux/input-event-codes.h>

#define E0(code) (0x80 | (code))

/* KEY_ESC to KEY_KPDOT and KEY_102ND to KEY_F12 are their own scan codes: Linux took them over. */
static const guint8 table[] = {
  [KEY_RO] = 0x73,
  [KEY_KATAKANA] = 0x78,
  [KEY_HIRAGANA] = 0x77,
  [KEY_HENKAN] = 0x79,
  [KEY_KATAKANAHIRAGANA] = 0x70,
  [KEY_MUHENKAN] = 0x7b,
  [KEY_KPJPCOMMA] = 0x5c,
  [KEY_KPENTER] = E0 (0x1c),
  [KEY_RIGHTCTRL] = E0 (0x1d),
  [KEY_KPSLASH] = E0 (0x35),
  [KEY_SYSRQ] = 0x54,
  [KEY_RIGHTALT] = E0 (0x38),
  [KEY_LINEFEED] = 0x5b,
  [KEY_HOME] = E0 (0x47),
  [KEY_UP] = E0 (0x48),
  [KEY_PAGEUP] = E0 (0x49),
  [KEY_LEFT] = E0 (0x4b),
  [KEY_RIGHT] = E0 (0x4d),
  [KEY_END] = E0 (0x4f),
  [KEY_DOWN] = E0 (0x50),
  [KEY_PAGEDOWN] = E0 (0x51),
  [KEY_INSERT] = E0 (0x52),
  [KEY_DELETE] = E0 (0x53),
  [KEY_MACRO] = E0 (0x6f),
  [KEY_MUTE] = E0 (0x20),
  [KEY_VOLUMEDOWN] = E0 (0x2e),
  [KEY_VOLUMEUP] = E0 (0x30),
  [KEY_POWER] = E0 (0x5e),
  [KEY_KPEQUAL] = 0x59,
  [KEY_KPPLUSMINUS] = E0 (0x4e),
  [KEY_PAUSE] = E0 (0x46),
  [KEY_SCALE] = E0 (0x0b),
  [KEY_KPCOMMA] = 0x7e,
  [KEY_HANGEUL] = 0x72,
  [KEY_HANJA] = 0x71,
  [KEY_YEN] = 0x7d,
  [KEY_LEFTMETA] = E0 (0x5b),
  [KEY_RIGHTMETA] = E0 (0x5c),
  [KEY_COMPOSE] = E0 (0x5d),
  [KEY_STOP] = E0 (0x68),
  [KEY_AGAIN] = E0 (0x05),
  [KEY_PROPS] = E0 (0x06),
  [KEY_UNDO] = E0 (0x07),
  [KEY_FRONT] = E0 (0x0c),
  [KEY_COPY] = E0 (0x78),
  [KEY_OPEN] = 0x64,
  [KEY_PASTE] = 0x65,
  [KEY_FIND] = E0 (0x41),
  [KEY_CUT] = E0 (0x3c),
  [KEY_HELP] = E0 (0x75),
  [KEY_MENU] = E0 (0x1e),
  [KEY_CALC] = E0 (0x21),
  [KEY_SETUP] = 0x66,
  [KEY_SLEEP] = E0 (0x5f),
  [KEY_WAKEUP] = E0 (0x63),
  [KEY_FILE] = 0x67,
  [KEY_SENDFILE] = 0x68,
  [KEY_DELETEFILE] = 0x69,
  [KEY_XFER] = E0 (0x13),
  [KEY_PROG1] = E0 (0x1f),
  [KEY_PROG2] = E0 (0x17),
  [KEY_WWW] = E0 (0x02),
  [KEY_MSDOS] = 0x6a,
  [KEY_SCREENLOCK] = E0 (0x12),
  [KEY_ROTATE_DISPLAY] = 0x6b,
  [KEY_CYCLEWINDOWS] = E0 (0x26),
  [KEY_MAIL] = E0 (0x6c),
  [KEY_BOOKMARKS] = E0 (0x66),
  [KEY_COMPUTER] = E0 (0x6b),
  [KEY_BACK] = E0 (0x6a),
  [KEY_FORWARD] = E0 (0x69),
  [KEY_CLOSECD] = E0 (0x23),
  [KEY_EJECTCD] = 0x6c,
  [KEY_EJECTCLOSECD] = E0 (0x7d),
  [KEY_NEXTSONG] = E0 (0x19),
  [KEY_PLAYPAUSE] = E0 (0x22),
  [KEY_PREVIOUSSONG] = E0 (0x10),
  [KEY_STOPCD] = E0 (0x24),
  [KEY_RECORD] = E0 (0x31),
  [KEY_REWIND] = E0 (0x18),
  [KEY_PHONE] = 0x63,
  [KEY_CONFIG] = E0 (0x01),
  [KEY_HOMEPAGE] = E0 (0x32),
  [KEY_REFRESH] = E0 (0x67),
  [KEY_EDIT] = E0 (0x08),
  [KEY_SCROLLUP] = 0x75,
  [KEY_SCROLLDOWN] = E0 (0x0f),
  [KEY_KPLEFTPAREN] = E0 (0x76),
  [KEY_KPRIGHTPAREN] = E0 (0x7b),
  [KEY_NEW] = E0 (0x09),
  [KEY_REDO] = E0 (0x0a),
  [KEY_F13] = 0x5d,
  [KEY_F14] = 0x5e,
  [KEY_F15] = 0x5f,
  [KEY_F16] = 0x55,
  [KEY_F17] = E0 (0x03),
  [KEY_F18] = E0 (0x77),
  [KEY_F19] = E0 (0x04),
  [KEY_F20] = 0x5a,
  [KEY_F21] = 0x74,
  [KEY_F22] = E0 (0x79),
  [KEY_F23] = 0x6d,
  [KEY_F24] = 0x6f,
  [KEY_SUSPEND] = E0 (0x25),
  [KEY_CLOSE] = E0 (0x2f),
  [KEY_PLAY] = E0 (0x33),
  [KEY_FASTFORWARD] = E0 (0x34),
  [KEY_PRINT] = E0 (0x39),
  [KEY_CAMERA] = E0 (0x3b),
  [KEY_SOUND] = E0 (0x3d),
  [KEY_QUESTION] = E0 (0x3e),
  [KEY_EMAIL] = E0 (0x3f),
  [KEY_CHAT] = E0 (0x40),
  [KEY_SEARCH] = E0 (0x65),
  [KEY_CANCEL] = E0 (0x4a),
  [KEY_BRIGHTNESSDOWN] = E0 (0x4c),
  [KEY_BRIGHTNESSUP] = E0 (0x54),
  [KEY_MEDIA] = E0 (0x6d),
  [KEY_SWITCHVIDEOMODE] = E0 (0x56),
  [KEY_KBDILLUMTOGGLE] = E0 (0x57),
  [KEY_KBDILLUMDOWN] = E0 (0x58),
  [KEY_KBDILLUMUP] = E0 (0x59),
  [KEY_SEND] = E0 (0x5a),
  [KEY_REPLY] = E0 (0x64),
  [KEY_FORWARDMAIL] = E0 (0x0e),
  [KEY_SAVE] = E0 (0x55),
  [KEY_DOCUMENTS] = E0 (0x70),
  [KEY_BATTERY] = E0 (0x71),
  [KEY_BLUETOOTH] = E0 (0x72),
  [KEY_WLAN] = E0 (0x73),
};

guint
inn_qnum_from_keycode (guint keycode)
{
  const guint code = keycode - 8; /* X11 keeps the first eight for itself; Wayland does as X11 */

  if (keycode < 8)
    return 0;
  if ((code >= KEY_ESC && code <= KEY_KPDOT) || (code >= KEY_102ND && code <= KEY_F12))
    return code;
  return code < G_N_ELEMENTS (table) ? table[code] : 0;
}

static const struct
{
  guint keyval;
  guint8 code;
} named_keys[] = {
  { GDK_KEY_Escape, KEY_ESC },
  { GDK_KEY_BackSpace, KEY_BACKSPACE },
  { GDK_KEY_Tab, KEY_TAB },
  { GDK_KEY_ISO_Left_Tab, KEY_TAB },
  { GDK_KEY_Return, KEY_ENTER },
  { GDK_KEY_Control_L, KEY_LEFTCTRL },
  { GDK_KEY_Control_R, KEY_RIGHTCTRL },
  { GDK_KEY_Shift_L, KEY_LEFTSHIFT },
  { GDK_KEY_Shift_R, KEY_RIGHTSHIFT },
  { GDK_KEY_Alt_L, KEY_LEFTALT },
  { GDK_KEY_Alt_R, KEY_RIGHTALT },
  { GDK_KEY_ISO_Level3_Shift, KEY_RIGHTALT },
  { GDK_KEY_Meta_L, KEY_LEFTALT },
  { GDK_KEY_Meta_R, KEY_RIGHTALT },
  { GDK_KEY_Super_L, KEY_LEFTMETA },
  { GDK_KEY_Super_R, KEY_RIGHTMETA },
  { GDK_KEY_Menu, KEY_COMPOSE },
  { GDK_KEY_Caps_Lock, KEY_CAPSLOCK },
  { GDK_KEY_Num_Lock, KEY_NUMLOCK },
  { GDK_KEY_Scroll_Lock, KEY_SCROLLLOCK },
  { GDK_KEY_F11, KEY_F11 },
  { GDK_KEY_F12, KEY_F12 },
  { GDK_KEY_Print, KEY_SYSRQ },
  { GDK_KEY_Sys_Req, KEY_SYSRQ },
  { GDK_KEY_Pause, KEY_PAUSE },
  { GDK_KEY_Home, KEY_HOME },
  { GDK_KEY_End, KEY_END },
  { GDK_KEY_Page_Up, KEY_PAGEUP },
  { GDK_KEY_Page_Down, KEY_PAGEDOWN },
  { GDK_KEY_Left, KEY_LEFT },
  { GDK_KEY_Right, KEY_RIGHT },
  { GDK_KEY_Up, KEY_UP },
  { GDK_KEY_Down, KEY_DOWN },
  { GDK_KEY_Insert, KEY_INSERT },
  { GDK_KEY_Delete, KEY_DELETE },
  { GDK_KEY_KP_Enter, KEY_KPENTER },
  { GDK_KEY_KP_Multiply, KEY_KPASTERISK },
  { GDK_KEY_KP_Add, KEY_KPPLUS },
  { GDK_KEY_KP_Subtract, KEY_KPMINUS },
  { GDK_KEY_KP_Divide, KEY_KPSLASH },
  { GDK_KEY_KP_Decimal, KEY_KPDOT },
  { GDK_KEY_KP_0, KEY_KP0 },
  { GDK_KEY_KP_1, KEY_KP1 },
  { GDK_KEY_KP_2, KEY_KP2 },
  { GDK_KEY_KP_3, KEY_KP3 },
  { GDK_KEY_KP_4, KEY_KP4 },
  { GDK_KEY_KP_5, KEY_KP5 },
  { GDK_KEY_KP_6, KEY_KP6 },
  { GDK_KEY_KP_7, KEY_KP7 },
  { GDK_KEY_KP_8, KEY_KP8 },
  { GDK_KEY_KP_9, KEY_KP9 },
};

guint
inn_qnum_of_us (guint keyval, gboolean *out_shift)
{
  /* The rows of a US keyboard, without and with Shift; each begins at the key of the code. */
  static const struct
  {
    guint8 code;
    const char *plain;
    const char *shifted;
  } rows[] = {
    { KEY_1, "1234567890-=", "!@#$%^&*()_+" },
    { KEY_Q, "qwertyuiop[]", "QWERTYUIOP{}" },
    { KEY_A, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
    { KEY_BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?" },
    { KEY_SPACE, " ", " " },
  };

  for (guint i = 0; keyval < 0x7f && keyval >= ' ' && i < G_N_ELEMENTS (rows); i++)
    for (guint j = 0; rows[i].plain[j] != '\0'; j++)
      if ((guint)rows[i].plain[j] == keyval || (guint)rows[i].shifted[j] == keyval)
        {
          *out_shift = (guint)rows[i].plain[j] != keyval;
          return rows[i].code + j;
        }
  *out_shift = FALSE;
  if (keyval >= GDK_KEY_F1 && keyval <= GDK_KEY_F10)
    return KEY_F1 + (keyval - GDK_KEY_F1);
  for (guint i = 0; i < G_N_ELEMENTS (named_keys); i++)
    if (named_keys[i].keyval == keyval)
      return inn_qnum_from_keycode (named_keys[i].code + 8u);
  return 0;
}

guint
inn_qnum_from_keyval (guint keyval)
{
  gboolean shift;

  return inn_qnum_of_us (keyval, &shift);
}
