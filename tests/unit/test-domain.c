/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The domain as a document: what parsing refuses, what survives reading and writing, elements. */
#include "shared/inn-domain-new.h"
#include "shared/inn-errors.h"

#include <string.h>

static void
test_new (void)
{
  g_autoptr (InnDomain) domain = inn_domain_new ();
  InnElement general = inn_domain_get (domain, "general");
  InnElement disk = inn_domain_add (domain, "disk");
  g_autofree char *target = inn_domain_free_target (domain, "virtio");
  g_autofree char *xml = NULL;
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (inn_domain_check (domain, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_XML);
  g_clear_error (&error);

  g_assert_cmpstr (target, ==, "vda");
  g_assert_true (inn_element_set (&general, "name", "inn", NULL));
  g_assert_true (inn_element_set (&disk, "target", target, NULL));
  g_assert_true (inn_element_set (&disk, "format", "qcow2", NULL));
  inn_domain_check (domain, &error);
  g_assert_no_error (error);
  id = inn_element_dup_id (&disk);
  g_assert_cmpstr (id, ==, "disk:vda");
  xml = inn_domain_to_xml (domain);
  g_assert_nonnull (strstr (xml, "  <devices>\n"
                                 "    <disk device=\"disk\">\n"
                                 "      <target dev=\"vda\"/>\n"
                                 "      <driver type=\"qcow2\"/>\n"
                                 "    </disk>\n"
                                 "  </devices>\n"
                                 "</domain>\n"));
  g_assert_true (g_str_has_prefix (xml, "<domain type=\"kvm\">\n  <name>inn</name>\n  <uuid>"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain/new", test_new);
  return g_test_run ();
}
