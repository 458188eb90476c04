import { CloudfrontCachePolicy } from "@cdktf/provider-aws/lib/cloudfront-cache-policy";
import { CloudfrontDistribution as AwsDistribution } from "@cdktf/provider-aws/lib/cloudfront-distribution";
import { CloudfrontVpcOrigin } from "@cdktf/provider-aws/lib/cloudfront-vpc-origin";
import { CloudwatchLogDelivery } from "@cdktf/provider-aws/lib/cloudwatch-log-delivery";
import { CloudwatchLogDeliveryDestination } from "@cdktf/provider-aws/lib/cloudwatch-log-delivery-destination";
import { CloudwatchLogDeliverySource } from "@cdktf/provider-aws/lib/cloudwatch-log-delivery-source";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { isGuarded, type Protection } from "../core/protection";
import type { AccessLogBucket } from "./access-log-bucket";
import { Certificate } from "./certificate";
import { CLOUDFRONT_REGION } from "./cloudfront-region";

/**
 * Scripts of Moodle that answer everybody alike, by a revision in the URL: each ends before there is a session
 * (`ABORT_AFTER_CONFIG`, then `NO_MOODLE_COOKIES`), and says `Cache-Control: public` of what belongs to the revision, and of
 * nothing else. What follows the name is a path or, without slash arguments, a query string.
 */
export const PUBLIC_PATHS = [
  "/theme/styles.php*",
  "/theme/image.php*",
  "/theme/font.php*",
  "/theme/javascript.php*",
  "/theme/jquery.php*",
  "/theme/yui_combo.php*",
  "/theme/yui_image.php*",
  "/lib/javascript.php*",
  "/lib/requirejs.php*",
  "/lib/editor/tiny/loader.php*",
  "/lib/editor/tiny/lang.php*",
  "/media/player/videojs/ogvloader.php*",
] as const;

/** Policies of CloudFront's own, which have these ids in every account. */
const MANAGED_POLICIES = {
  /** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html */
  cachingDisabled: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
  /** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html */
  allViewer: "216adef6-5c7f-47e4-b989-5492eafa07d3",
} as const;

/**
 * Errors that CloudFront keeps for ten seconds and gives to everybody, whatever their headers say: Moodle's have the name
 * of whoever is logged in.
 * Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
 */
const KEPT_ERRORS = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

/**
 * What is logged of a request: neither query strings nor cookies nor where the visitor came from, which may hold passwords.
 * Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
 */
const LOGGED_FIELDS = [
  "date",
  "time",
  "x-edge-location",
  "sc-bytes",
  "c-ip",
  "cs-method",
  "cs-uri-stem",
  "sc-status",
  "cs(User-Agent)",
  "x-edge-result-type",
  "x-edge-detailed-result-type",
  "x-edge-request-id",
  "x-host-header",
  "cs-protocol",
  "cs-protocol-version",
  "cs-bytes",
  "time-taken",
  "time-to-first-byte",
  "ssl-protocol",
];

export interface CloudfrontDistributionProps {
  /** First part of every name: at most 55 letters, digits, hyphens and underscores. */
  readonly name: string;
  /** Host name of the site: the only one that is answered. */
  readonly domain: string;
  /** Public Route 53 zone of the domain. */
  readonly hostedZoneId: string;
  /** The record in it by which the load balancer's certificate is proved, and CloudFront's as well. */
  readonly validationRecordFqdn: string;
  /** An internal Application Load Balancer that speaks HTTPS for the domain on port 443. */
  readonly loadBalancer: { readonly arn: string; readonly dnsName: string };
  /** Web ACL of scope `CLOUDFRONT`. @default none */
  readonly webAclArn?: string;
  /** Whether visitors may come by IPv6. */
  readonly ipv6: boolean;
  /** Its bucket admits the delivery source `<name>-cdn`. */
  readonly accessLogs: AccessLogBucket;
  /** @default "protected": Terraform does not delete it */
  readonly protection?: Protection;
  /** What must be there before anybody is sent to the load balancer. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * CloudFront before a load balancer that nothing else reaches. It keeps what Moodle gives to everybody (`PUBLIC_PATHS`), for which
 * neither cookies nor `Authorization` are passed on, and no cookie comes back; everything else it only passes on.
 */
export class CloudfrontDistribution extends Construct {
  /** Of the records of the domain. CloudFront has no health that an alias could ask for. */
  readonly alias: { readonly name: string; readonly zoneId: string; readonly evaluateTargetHealth: false };

  /** Name of the delivery source that `accessLogs` must admit. */
  static deliverySourceName(name: string): string {
    return `${name}-cdn`;
  }

  constructor(scope: Construct, id: string, props: CloudfrontDistributionProps) {
    super(scope, id);
    const { name, domain, loadBalancer, protection } = props;
    const { certificateArn } = new Certificate(this, "certificate", { ...props, region: CLOUDFRONT_REGION });
    const toOrigin = { targetOriginId: "load-balancer", viewerProtocolPolicy: "redirect-to-https" } as const;
    const publicFiles = { ...toOrigin, cachePolicyId: this.publicFiles(name).id, compress: true };
    const distribution = new AwsDistribution(this, "distribution", {
      enabled: true,
      comment: name,
      aliases: [domain],
      httpVersion: "http2and3",
      isIpv6Enabled: props.ipv6,
      priceClass: "PriceClass_All",
      webAclId: props.webAclArn,
      origin: [
        {
          originId: toOrigin.targetOriginId,
          domainName: loadBalancer.dnsName,
          vpcOriginConfig: {
            vpcOriginId: this.origin(name, loadBalancer.arn).id,
            // The longest that needs no quota, and as long as connections are worth keeping.
            originReadTimeout: 120,
            originKeepaliveTimeout: 60,
          },
        },
      ],
      defaultCacheBehavior: {
        ...toOrigin,
        allowedMethods: ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        cachedMethods: ["GET", "HEAD"],
        cachePolicyId: MANAGED_POLICIES.cachingDisabled,
        originRequestPolicyId: MANAGED_POLICIES.allViewer,
      },
      orderedCacheBehavior: PUBLIC_PATHS.map((pathPattern) => ({
        ...publicFiles,
        pathPattern,
        allowedMethods: ["GET", "HEAD"],
        cachedMethods: ["GET", "HEAD"],
      })),
      customErrorResponse: KEPT_ERRORS.map((errorCode) => ({ errorCode, errorCachingMinTtl: 0 })),
      restrictions: { geoRestriction: { restrictionType: "none" } },
      viewerCertificate: {
        acmCertificateArn: certificateArn,
        minimumProtocolVersion: "TLSv1.2_2021",
        sslSupportMethod: "sni-only",
      },
      lifecycle: { preventDestroy: isGuarded(protection) },
      dependsOn: [...props.dependsOn],
    });
    this.logs(props, distribution);
    this.alias = { name: distribution.domainName, zoneId: distribution.hostedZoneId, evaluateTargetHealth: false };
  }

  /**
   * The way into the VPC, which CloudFront alone has.
   * Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
   */
  private origin(name: string, arn: string): CloudfrontVpcOrigin {
    return new CloudfrontVpcOrigin(this, "origin", {
      vpcOriginEndpointConfig: [
        {
          name,
          arn,
          httpPort: 80,
          httpsPort: 443,
          originProtocolPolicy: "https-only",
          originSslProtocols: [{ items: ["TLSv1.2"], quantity: 1 }],
        },
      ],
    });
  }

  /** The host is passed on because the load balancer answers, and has a certificate, for no other. */
  private publicFiles(name: string): CloudfrontCachePolicy {
    return new CloudfrontCachePolicy(this, "public-files", {
      name: `${name}-public-files`,
      comment: "What Moodle gives to everybody by a revision in the URL",
      // Only what Moodle itself calls public is kept, and for as long as it says.
      minTtl: 0,
      defaultTtl: 0,
      maxTtl: 31536000,
      parametersInCacheKeyAndForwardedToOrigin: {
        enableAcceptEncodingBrotli: true,
        enableAcceptEncodingGzip: true,
        cookiesConfig: { cookieBehavior: "none" },
        headersConfig: { headerBehavior: "whitelist", headers: { items: ["Host"] } },
        queryStringsConfig: { queryStringBehavior: "all" },
      },
    });
  }

  private logs({ name, accessLogs }: CloudfrontDistributionProps, { arn }: AwsDistribution): void {
    const place = { region: CLOUDFRONT_REGION, name: CloudfrontDistribution.deliverySourceName(name) };
    const source = new CloudwatchLogDeliverySource(this, "log-source", {
      ...place,
      logType: "ACCESS_LOGS",
      resourceArn: arn,
    });
    const destination = new CloudwatchLogDeliveryDestination(this, "log-destination", {
      ...place,
      outputFormat: "json",
      deliveryDestinationConfiguration: [{ destinationResourceArn: accessLogs.bucketArn }],
    });
    new CloudwatchLogDelivery(this, "log-delivery", {
      region: CLOUDFRONT_REGION,
      deliverySourceName: source.name,
      deliveryDestinationArn: destination.arn,
      recordFields: LOGGED_FIELDS,
      dependsOn: [...accessLogs.ready],
    });
  }
}
