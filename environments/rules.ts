/**
 * Rules that join several fields. Each names the fields it reads, so that it runs even where other fields are wrong:
 * a reader sees every fault at once.
 */
import { AWS_RULES } from "./aws-rules";
import { GOOGLE_RULES } from "./google-rules";
import { INFERENCE_RULES } from "./inference-rules";
import { INGRESS_RULES } from "./ingress-rules";
import { SHARED_RULES } from "./shared-rules";
import { SIZING_RULES } from "./sizing-rules";

export const RULES = {
  aws: [...SHARED_RULES, ...INGRESS_RULES, ...INFERENCE_RULES, ...SIZING_RULES, ...AWS_RULES],
  google: [...SHARED_RULES, ...INGRESS_RULES, ...INFERENCE_RULES, ...SIZING_RULES, ...GOOGLE_RULES],
};
