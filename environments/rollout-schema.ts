/** What an environment says about how new versions of a model are rolled out. */
import { z } from "zod";
import { count, hostname, matching } from "./fields";

const name = matching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "lower-case letters, digits and hyphens");

export const rollout = z
  .strictObject({
    steps: z
      .array(count(1, 100))
      .min(1)
      .default([10, 25, 50, 100])
      .describe("Shares of the traffic that a new version gets one after the other, in percent, rising to 100."),
    holdMinutes: count(1, 10080).default(10).describe("Minutes that each share is kept at least."),
    maximumErrorRate: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe("Share of its requests that may be answered with a 5xx; with more, the new version is rolled back."),
    maximumLatencyP95Seconds: z
      .number()
      .positive()
      .max(3600)
      .describe("95th percentile of its requests' duration, in seconds; above it, the new version is rolled back."),
    minimumSamples: count(1, 1000000)
      .default(100)
      .describe("Requests at each share without which nothing is decided: the share stays as it is."),
    deadlineMinutes: count(1, 1440)
      .default(60)
      .describe(
        "Minutes that a new version may take to become ready, and may be unready later on; after them it is rolled back.",
      ),
    gateway: z
      .strictObject({
        name: name.describe("Name of the Gateway."),
        namespace: name.describe("Its namespace."),
        hostname: hostname.describe("Host name under which it answers for the model: callers ask for it."),
        implementation: z
          .enum(["istio", "contour", "traefik"])
          .describe("What runs the gateway, and whose metrics count the requests."),
      })
      .optional()
      .describe("Gateway that shares the traffic of a model that is not a Knative Service. Default: none."),
  })
  .describe("How a new version replaces the one that serves: a share of the traffic at a time, gated by Prometheus.");
