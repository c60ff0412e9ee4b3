/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Processors: how many, and what they look like to the guest. */
#include "inn-words.h"

static const InnChoice modes[] = {
  { "host-passthrough", N_ ("The host's own") },
  { "host-model", N_ ("Like the host's") },
  { "maximum", N_ ("All that can be emulated") },
  { "custom", N_ ("A named model") },
  { NULL, NULL },
};

static const InnChoice models[] = {
  { "qemu64", N_ ("QEMU 64-bit") },
  { "kvm64", N_ ("KVM 64-bit") },
  { "Nehalem", N_ ("Intel Nehalem") },
  { "SandyBridge", N_ ("Intel Sandy Bridge") },
  { "Haswell", N_ ("Intel Haswell") },
  { "Skylake-Client", N_ ("Intel Skylake") },
  { "Opteron_G5", N_ ("AMD Opteron") },
  { "EPYC", N_ ("AMD EPYC") },
  { NULL, NULL },
};

/* INN_CPU_PERIOD */
static const InnChoice periods[] = { { "100000", N_ ("100 ms") }, { NULL, NULL } };

#define CPU_LIST "\\^?[0-9]{1,4}(-[0-9]{1,4})?(,\\^?[0-9]{1,4}(-[0-9]{1,4})?)*"
#define CPU_PIN  "[0-9]{1,4} " CPU_LIST

static const InnGroup pinning = { N_ ("Which of this computer’s processors"),
                                  N_ ("Kept apart, or near to each other") };
static const InnGroup share = { N_ ("Share of this computer"),
                                N_ ("How much processor time it may take") };
static const InnChoice caches[] = {
  { "passthrough", N_ ("This computer’s") },
  { "disable", N_ ("None") },
  { NULL, NULL },
};

static const InnChoice checks[] = {
  { "none", N_ ("Start without it") },
  { "partial", N_ ("Start, and say so in the log") },
  { "full", N_ ("Do not start") },
  { NULL, NULL },
};

#define INN_PATTERN_FLAG "(force|require|optional|disable|forbid) [a-z0-9][a-z0-9_.\\-]{0,31}"

static const InnGroup single = { N_ ("Single features"), N_ ("What is added or taken away") };

static const InnField fields[] = {
  { .name = "vcpus",
    .path = "vcpu",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_LIVE,
    .fallback = "1",
    .min = 1,
    .max = 512,
    .label = N_ ("Processors"),
    .help = N_ ("More than this computer has make the machine slower, not faster.") },
  { .name = "mode",
    .path = "cpu/@mode",
    .type = INN_TYPE_ENUM,
    .choices = modes,
    .label = N_ ("Model"),
    .help = N_ ("What the guest sees. The host's own is the fastest; a named one can move between "
                "computers.") },
  { .name = "model",
    .path = "cpu/model",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .max = 64,
    .choices = models,
    .pattern = "[A-Za-z0-9_.\\-]+",
    .label = N_ ("Named model"),
    .help = N_ ("For example qemu64, Haswell or EPYC."),
    .when = "mode=custom" },
  { .name = "current",
    .path = "vcpu/@current",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .min = 1,
    .max = 512,
    .label = N_ ("Plugged in"),
    .help = N_ ("So many at the start; the others can be plugged in while the machine runs.") },
  { .name = "cpuset",
    .path = "vcpu/@cpuset",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .max = 255,
    .pattern = CPU_LIST,
    .group = &pinning,
    .label = N_ ("Runs on"),
    .help = N_ ("Numbers of this computer’s processors, as 0-3,6. Empty: on all of them.") },
  { .name = "pins",
    .path = "cputune/vcpupin/@vcpu+@cpuset",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_LIVE | INN_FIELD_MULTILINE | INN_FIELD_LIST | INN_FIELD_ADVANCED,
    .max = 4096,
    .pattern = CPU_PIN "(\\n" CPU_PIN ")*",
    .group = &pinning,
    .label = N_ ("Each of them on its own"),
    .help = N_ ("One a line, as “0 2” or “1 3-5”: the first of the machine’s processors runs on 2, "
                "the second on 3 to 5.") },
  { .name = "emulator-cpuset",
    .path = "cputune/emulatorpin/@cpuset",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .max = 255,
    .pattern = CPU_LIST,
    .group = &pinning,
    .label = N_ ("The rest of QEMU runs on"),
    .help = N_ ("What works for its disks, networks and screen.") },
  { .name = "limit",
    .path = "cputune/global_quota",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .min = 1000,
    .max = 512 * INN_CPU_PERIOD,
    .per = INN_CPU_PERIOD / 100,
    .shown = N_ ("%.0f %%"),
    .group = &share,
    .label = N_ ("At most"),
    .help = N_ ("100 % is the whole time of one of this computer’s processors.") },
  { .name = "limit-period",
    .path = "cputune/global_period",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .fallback = "100000",
    .choices = periods,
    .label = N_ ("Counted in µs") },
  { .name = "shares",
    .path = "cputune/shares",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .min = 11,
    .max = 102400,
    .group = &share,
    .label = N_ ("Weight"),
    .help =
        N_ ("Where there is not enough for all: twice as much as others have, who have 1024, is "
            "2048.") },
  { .name = "sockets",
    .path = "cpu/topology/@sockets",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 512,
    .label = N_ ("Sockets"),
    .help = N_ ("Some systems accept only so many sockets as their licence says.") },
  { .name = "dies",
    .path = "cpu/topology/@dies",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "1",
    .min = 1,
    .max = 64,
    .label = N_ ("Dies"),
    .help = N_ ("Dies in each socket.") },
  { .name = "cores",
    .path = "cpu/topology/@cores",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 512,
    .label = N_ ("Cores"),
    .help = N_ ("Cores in each die.") },
  { .name = "threads",
    .path = "cpu/topology/@threads",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 8,
    .label = N_ ("Threads"),
    .help = N_ ("Threads in each core.") },
  { .name = "io-threads",
    .path = "iothreads",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .max = 64,
    .label = N_ ("I/O threads"),
    .help = N_ ("For disks that are to have a thread of their own on this computer.") },
  { .name = "flags",
    .path = "cpu/feature/@policy='require'+@name",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_MULTILINE | INN_FIELD_LIST | INN_FIELD_ADVANCED,
    .max = 4096,
    .pattern = INN_PATTERN_FLAG "(\\n" INN_PATTERN_FLAG ")*",
    .label = N_ ("Features of the processor"),
    .help = N_ ("One a line, as “require aes” or “disable vmx”."),
    .group = &single },
  { .name = "check",
    .path = "cpu/@check",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "partial",
    .choices = checks,
    .label = N_ ("What is not there"),
    .help = N_ ("When this computer lacks a feature that the guest is to have. With KVM only."),
    .group = &single },
  { .name = "cache",
    .path = "cpu/cache/@mode",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .choices = caches,
    .label = N_ ("Caches"),
    .help = N_ ("Which caches the guest sees; programs arrange their work by them."),
    .group = &single },
  { .name = "migratable",
    .path = "cpu/@migratable",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .choices = inn_words_on_off,
    .label = N_ ("Can move"),
    .help = N_ ("Off adds features with which it cannot move to another computer."),
    .when = "mode=host-passthrough|maximum",
    .group = &single },
  { NULL },
};

/* Where the rest of the line is what it has. */
static gboolean
is_pinned_twice (const InnElement *element)
{
  g_autofree char *pins = inn_element_dup (element, "pins");
  g_auto (GStrv) lines = g_strsplit (pins != NULL ? pins : "", "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (char **line = lines; *line != NULL; line++)
    if (!g_hash_table_add (seen, GUINT_TO_POINTER (1 + g_ascii_strtoull (*line, NULL, 10))))
      return TRUE;
  return FALSE;
}

static gboolean
check (const InnElement *element, GError **error)
{
  guint64 most = inn_element_get_uint (element, "vcpus");
  guint64 sockets = inn_element_get_uint (element, "sockets");
  guint64 cores = inn_element_get_uint (element, "cores");
  guint64 threads = inn_element_get_uint (element, "threads");
  gboolean none = sockets == 0 && cores == 0 && threads == 0 && !inn_element_has (element, "dies");

  if (!inn_rule (inn_element_has (element, "vcpus") || (!inn_element_has (element, "current") &&
                                                        !inn_element_has (element, "cpuset")),
                 _ ("Say how many processors the machine has."), error) ||
      !inn_rule (inn_element_get_uint (element, "current") <= most,
                 _ ("More processors cannot be plugged in than the machine has."), error) ||
      !inn_rule (!inn_element_has (element, "migratable") ||
                     inn_element_is (element, "mode", "host-passthrough") ||
                     inn_element_is (element, "mode", "maximum"),
                 _ ("Only the host’s own processor, or all of it, can be told that it need not "
                    "move."),
                 error) ||
      !inn_rule (inn_element_has (element, "model") || !inn_element_is (element, "mode", "custom"),
                 _ ("Name the model."), error))
    return FALSE;
  if (!inn_rule (none || (sockets > 0 && cores > 0 && threads > 0),
                 _ ("Sockets, cores and threads must be set together."), error))
    return FALSE;
  if (!inn_rule (!is_pinned_twice (element),
                 _ ("Give each of the machine’s processors its place once."), error))
    return FALSE;
  return inn_rule (
      none || sockets * inn_element_get_uint (element, "dies") * cores * threads == most,
      _ ("Sockets × dies × cores × threads must make the number of processors."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_element_dup (element, inn_element_has (element, "current") ? "current" : "vcpus");
}

const InnKind inn_kind_cpu = {
  .name = "cpu",
  .path = "",
  .label = N_ ("Processors"),
  .icon = "inn-processor-symbolic",
  .fields = fields,
  .check = check,
  .summary = summary,
};
