/**
 * Where CloudFront has its certificates, web ACLs and logs, whatever the region of what it stands before.
 * Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
 */
export const CLOUDFRONT_REGION = "us-east-1";
