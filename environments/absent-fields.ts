/** Fields that are looked for where they cannot be, by cloud and path, and why they are not there. */
export const ABSENT_FIELDS: Readonly<Record<string, string>> = {
  "aws.edge.cdn":
    'no such field where edge.type is "none": CloudFront would end TLS, which there the ingress controller does',
  // https://cloud.google.com/kubernetes-engine/docs/how-to/configure-cdn-for-gateway
  "google.edge.cdn":
    "no such field on Google Cloud: Cloud CDN would answer before Cloud Armor has asked who may (edge.allowedCidrs), for a Gateway takes no policy that stands before the cache",
};
