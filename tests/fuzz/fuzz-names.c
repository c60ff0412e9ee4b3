/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as a name: of a file in a machine's folder, beside links that lead out of it; of an
 * image to be made; as the value of any field of any kind, which comes back from the XML as it was
 * put in, or is refused; as a size. The first two bytes choose the field. */
#include "fuzz.h"
#include "host/vmh-image-private.h"
#include "machine/vmh-bundle-private.h"
#include "machine/vmh-store.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-domain-new.h"
#include "shared/inn-size.h"
#include "store-folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define UUID "6f1c2f1e-5d0a-4a83-9f5e-0d7c3a52b002"

static char *folder;
static VmhBundle *bundle;

static void
remove_folder (void)
{
  vmh_bundle_unref (bundle);
  vmh_store_close ();
  store_folder_free (folder);
}

static void
begin (void)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("TMPDIR", "/dev/shm", FALSE);
  folder = store_folder_new ();
  store_folder_open ();
  bundle = vmh_bundle_create (UUID, geteuid (), &error);
  g_assert_no_error (error);
  g_assert_true (vmh_bundle_commit (bundle, &error));
  g_assert_true (mkdirat (bundle->fd, "a", 0700) == 0 && mkdirat (bundle->fd, "a/b", 0700) == 0);
  g_assert_true (symlinkat ("/dev/shm", bundle->fd, "l") == 0);
  g_assert_true (symlinkat ("..", bundle->fd, "a/u") == 0);
  g_assert_true (symlinkat ("/etc/passwd", bundle->fd, "disks/p") == 0);
  atexit (remove_folder);
}

/* ---- files ---- */

static void
check_within (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);

  if (!g_str_has_prefix (path, vmh_bundle_get_path (bundle)))
    g_error ("“%s” is outside of “%s”.", path, vmh_bundle_get_path (bundle));
}

static gboolean
is_one_component (const char *name)
{
  return *name != '\0' && strchr (name, '/') == NULL && !g_str_equal (name, ".") &&
         !g_str_equal (name, "..");
}

static void
try_file (const char *name)
{
  VMH_AUTOFD seen = vmh_open_beneath (bundle->fd, name, O_RDONLY | O_NONBLOCK, NULL);
  VMH_AUTOFD image = vmh_bundle_open_image (bundle, name, O_RDONLY, NULL);
  VMH_AUTOFD made = vmh_bundle_open_file (bundle, name, O_RDWR | O_CREAT, NULL);
  g_autofree char *path = g_build_filename (vmh_bundle_get_path (bundle), name, NULL);
  const char *relative = vmh_bundle_relative (bundle, path);
  struct stat st;

  if (seen >= 0)
    check_within (seen);
  if (image >= 0)
    {
      check_within (image);
      g_assert_true (vmh_bundle_is_image (name));
    }
  if (vmh_bundle_is_image (name))
    g_assert_true (g_str_has_prefix (name, VMH_DISKS "/") &&
                   is_one_component (name + strlen (VMH_DISKS "/")));
  if (relative != NULL)
    g_assert_cmpstr (relative, ==, path + strlen (vmh_bundle_get_path (bundle)) + 1);
  if (vmh_image_check_name (name, NULL))
    g_assert_true (is_one_component (name) && *name != '-');
  if (made < 0)
    return;
  check_within (made);
  g_assert_true (fstat (made, &st) == 0 && (st.st_mode & 07777) == 0600);
  g_assert_cmpint (unlinkat (bundle->fd, name, 0), ==, 0);
}

/* ---- fields ---- */

static const InnField *
choose (guint number, const InnKind **out_kind)
{
  guint n_fields = 0;

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
      n_fields++;
  number %= n_fields;
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
      if (number-- == 0)
        {
          *out_kind = *kind;
          return field;
        }
  g_assert_not_reached ();
}

static InnElement
get_element (InnDomain *domain, const InnKind *kind, gboolean add)
{
  g_autoptr (GPtrArray) devices = NULL;

  if (!kind->device)
    return inn_domain_get (domain, kind->name);
  if (add)
    return inn_domain_add (domain, kind->name);
  devices = inn_domain_list (domain, kind->name);
  return *(InnElement *)devices->pdata[0];
}

static gboolean
has_device (InnDomain *domain, const InnKind *kind)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, kind->name);

  return devices->len == 1;
}

static void
try_field (guint number, const char *text)
{
  const InnKind *kind;
  const InnField *field = choose (number, &kind);
  g_autoptr (InnDomain) domain = inn_domain_new ();
  g_autoptr (InnDomain) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  InnElement element = get_element (domain, kind, TRUE);

  if (*text == '\0')
    return; /* which removes what may make it this kind */
  if (!inn_element_set (&element, field->name, text, &error))
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }
  before = inn_element_dup (&element, field->name);
  xml = inn_domain_to_xml (domain);
  again = inn_domain_parse (xml, -1, &error);
  if (again == NULL)
    g_error ("What was written cannot be read: %s\n%s", error->message, xml);
  if (kind->device && !has_device (again, kind))
    g_error ("%s.%s made “%s”: no such device is left in %s", kind->name, field->name, text, xml);
  element = get_element (again, kind, FALSE);
  after = inn_element_dup (&element, field->name);
  if (g_strcmp0 (before, after) != 0)
    g_error ("%s.%s comes back as “%s”, not “%s”", kind->name, field->name, after, before);
  if (field->type == INN_TYPE_STRING && g_strcmp0 (after, text) != 0)
    g_error ("%s.%s is “%s”, not “%s”", kind->name, field->name, after, text);
}

static void
try_words (const char *text)
{
  g_autoptr (InnDomain) domain = inn_domain_new ();
  g_autoptr (InnElement) found = inn_domain_find (domain, text);
  g_autofree char *target =
      inn_target_prefix (text) != NULL ? inn_domain_free_target (domain, text) : NULL;
  g_autofree char *shown = NULL;
  guint64 bytes, again;

  if (!inn_size_parse (text, &bytes))
    return;
  shown = inn_size_format (bytes);
  g_assert_true (inn_size_parse (shown, &again));
  g_assert_cmpuint (bytes, ==, again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = NULL;

  if (size < 2)
    return 0;
  if (bundle == NULL)
    begin ();
  text = g_strndup ((const char *)data + 2, size - 2);
  try_file (text);
  try_field ((guint)data[0] << 8 | data[1], text);
  if (g_utf8_validate (text, -1, NULL))
    try_words (text);
  return 0;
}
