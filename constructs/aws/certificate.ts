import { AcmCertificate } from "@cdktf/provider-aws/lib/acm-certificate";
import { AcmCertificateValidation } from "@cdktf/provider-aws/lib/acm-certificate-validation";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import { Construct } from "constructs";

export interface CertificateProps {
  /** Host name that the certificate is for. */
  readonly domain: string;
  /** Public Route 53 zone of the domain. */
  readonly hostedZoneId: string;
  /** Where it is used: `us-east-1` for CloudFront. @default the provider's region */
  readonly region?: string;
  /**
   * The record of another certificate for the domain, which proves this one as well: it is the same for all of an account.
   * @default a record of its own
   */
  readonly validationRecordFqdn?: string;
}

/** A certificate that ACM issues and renews, because a record in the zone proves whose the domain is. */
export class Certificate extends Construct {
  /** Known once the certificate is issued. */
  readonly certificateArn: string;
  /** The record that proves whose the domain is. */
  readonly validationRecordFqdn: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: CertificateProps,
  ) {
    super(scope, id);
    const { domain, region } = props;
    const certificate = new AcmCertificate(this, "certificate", {
      region,
      domainName: domain,
      validationMethod: "DNS",
      keyAlgorithm: "EC_prime256v1",
      lifecycle: { createBeforeDestroy: true },
    });
    this.validationRecordFqdn = props.validationRecordFqdn ?? this.record(certificate).fqdn;
    const validation = new AcmCertificateValidation(this, "validation", {
      region,
      certificateArn: certificate.arn,
      validationRecordFqdns: [this.validationRecordFqdn],
    });
    this.certificateArn = validation.certificateArn;
  }

  private record(certificate: AcmCertificate): Route53Record {
    const proof = certificate.domainValidationOptions.get(0);
    return new Route53Record(this, "validation-record", {
      zoneId: this.props.hostedZoneId,
      name: proof.resourceRecordName,
      type: proof.resourceRecordType,
      records: [proof.resourceRecordValue],
      ttl: 300,
      // The proof of a domain is the same for every certificate of the account.
      allowOverwrite: true,
    });
  }
}
