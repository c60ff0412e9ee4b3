/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What Windows finds of its own hypervisor (the Hyper-V enlightenments): it runs faster with them.
 */
#include "inn-words.h"

static const InnChoice modes[] = {
  { "custom", N_ ("Those chosen here") },
  { "passthrough", N_ ("All that this computer can") },
  { NULL, NULL },
};

#define SWITCH(word, xml, more, title, about)                                                      \
  {                                                                                                \
    .name = word, .path = "features/hyperv/" xml, .type = INN_TYPE_BOOL, .flags = more,            \
    .fallback = "off", .choices = inn_words_on_off, .label = title, .help = about,                 \
    .when = "mode=custom"                                                                          \
  }

static const InnField fields[] = {
  { .name = "mode",
    .path = "features/hyperv/@mode",
    .type = INN_TYPE_ENUM,
    .fallback = "custom",
    .choices = modes,
    .label = N_ ("Speed-ups for Windows"),
    .help = N_ ("Windows then asks the hypervisor instead of waiting. They need KVM.") },
  SWITCH ("relaxed",
          "relaxed/@state",
          INN_FIELD_DEFAULT,
          N_ ("Relaxed timers"),
          N_ ("Windows does not crash when its processors had to wait.")),
  SWITCH ("vapic",
          "vapic/@state",
          INN_FIELD_DEFAULT,
          N_ ("Virtual interrupts"),
          N_ ("Interrupts take fewer steps.")),
  SWITCH ("spinlocks",
          "spinlocks[@retries?='8191']/@state",
          INN_FIELD_DEFAULT,
          N_ ("Spinlocks"),
          N_ ("A processor that waits for another one lets that go first.")),
  SWITCH ("vpindex",
          "vpindex/@state",
          INN_FIELD_DEFAULT,
          N_ ("Processor numbers"),
          N_ ("Several of the others need them.")),
  SWITCH ("synic",
          "synic/@state",
          INN_FIELD_DEFAULT,
          N_ ("Synthetic interrupts"),
          N_ ("Needed for synthetic timers; needs processor numbers.")),
  SWITCH ("stimer",
          "stimer/@state",
          INN_FIELD_DEFAULT,
          N_ ("Synthetic timers"),
          N_ ("An idle Windows needs far less of this computer.")),
  SWITCH ("frequencies",
          "frequencies/@state",
          INN_FIELD_DEFAULT,
          N_ ("Frequencies"),
          N_ ("Windows is told how fast its clocks are.")),
  SWITCH ("tlbflush",
          "tlbflush/@state",
          INN_FIELD_DEFAULT,
          N_ ("Flushes"),
          N_ ("Faster with many processors; needs processor numbers.")),
  SWITCH ("ipi",
          "ipi/@state",
          INN_FIELD_DEFAULT,
          N_ ("Calls between processors"),
          N_ ("Faster with many processors; needs processor numbers.")),
  { .name = "retries",
    .path = "features/hyperv/spinlocks[@state?='on']/@retries",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 4095,
    .max = G_MAXINT32,
    .label = N_ ("Tries before it waits"),
    .help = N_ ("How often a spinlock is tried; 8191 is usual."),
    .when = "spinlocks=on" },
  SWITCH ("stimer-direct",
          "stimer/direct/@state",
          INN_FIELD_ADVANCED,
          N_ ("Direct timers"),
          N_ ("Timers come as interrupts; needs synthetic timers.")),
  SWITCH ("runtime",
          "runtime/@state",
          INN_FIELD_ADVANCED,
          N_ ("Run time"),
          N_ ("Windows reads how long a processor really ran.")),
  SWITCH ("reset",
          "reset/@state",
          INN_FIELD_ADVANCED,
          N_ ("Reset"),
          N_ ("Windows restarts by asking for it.")),
  SWITCH ("reenlightenment",
          "reenlightenment/@state",
          INN_FIELD_ADVANCED,
          N_ ("News of moves"),
          N_ ("Windows hears when its clock changes. For Hyper-V within the machine.")),
  SWITCH ("evmcs",
          "evmcs/@state",
          INN_FIELD_ADVANCED,
          N_ ("Nested Hyper-V (Intel)"),
          N_ ("Machines within the machine are faster; needs virtual interrupts.")),
  SWITCH ("avic",
          "avic/@state",
          INN_FIELD_ADVANCED,
          N_ ("Hardware interrupts"),
          N_ ("Lets the processor deliver interrupts itself (AVIC, APICv).")),
  { .name = "vendor",
    .path = "features/hyperv/vendor_id/@state",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_HIDDEN,
    .choices = inn_words_on_off,
    .label = N_ ("A name of its own") },
  { .name = "vendor-id",
    .path = "features/hyperv/vendor_id[@state?='on']/@value",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .max = 12,
    .pattern = "[A-Za-z0-9_.\\- ]+",
    .label = N_ ("Hypervisor’s name"),
    .help = N_ ("What Windows takes it for: at most 12 letters."),
    .when = "mode=custom" },
  { NULL },
};

/* As QEMU has it. The clock's timer "hypervclock" is on another page: the helper adds it. */
static gboolean
check (const InnElement *element, GError **error)
{
  static const struct
  {
    const char *field, *needs;
  } rows[] = {
    { "synic", "vpindex" },    { "stimer", "synic" }, { "stimer-direct", "stimer" },
    { "tlbflush", "vpindex" }, { "ipi", "vpindex" },  { "evmcs", "vapic" },
  };

  if (inn_element_is (element, "mode", "passthrough"))
    {
      for (const InnField *field = element->kind->fields + 1; field->name != NULL; field++)
        if (!inn_rule (!inn_element_has (element, field->name),
                       _ ("Where all are chosen, none can be chosen singly."), error))
          return FALSE;
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (inn_element_get_bool (element, rows[i].field) &&
        !inn_element_get_bool (element, rows[i].needs))
      {
        g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                     _ ("“%s” needs “%s”. Turn that on, too."),
                     _ (inn_kind_find (element->kind, rows[i].field)->label),
                     _ (inn_kind_find (element->kind, rows[i].needs)->label));
        return FALSE;
      }
  return TRUE;
}

static char *
summary (const InnElement *element)
{
  guint count = 0;

  if (inn_element_is (element, "mode", "passthrough"))
    return inn_dup_choice (element, "mode");
  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    count += field->type == INN_TYPE_BOOL && inn_element_get_bool (element, field->name);
  return count > 0 ? g_strdup_printf (_ ("%u chosen"), count) : g_strdup (_ ("None"));
}

const InnKind inn_kind_hyperv = {
  .name = "hyperv",
  .path = "",
  .label = N_ ("For Windows"),
  .icon = "power-profile-performance-symbolic",
  .fields = fields,
  .check = check,
  .summary = summary,
};
