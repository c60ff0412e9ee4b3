/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How innkeeper-usb ends: what it and the window have in common. */
#pragma once

/** InnUsbEnd: its exit status. */
typedef enum
{
  INN_USB_DONE,     /* taken back, or the guest has ended */
  INN_USB_FAILED,   /* for a reason that nobody knows */
  INN_USB_GONE,     /* it has been pulled out */
  INN_USB_DENIED,   /* who started it may not open it */
  INN_USB_BUSY,     /* a driver of this computer, or another program, does not let it go */
  INN_USB_REJECTED, /* the machine does not take it */
} InnUsbEnd;
