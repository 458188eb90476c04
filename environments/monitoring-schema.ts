/** What an environment says about who watches it. */
import { z } from "zod";
import { count, email } from "./fields";

export const monitoring = z
  .strictObject({
    alerts: z
      .strictObject({
        email: email.describe(
          "The one address to which every alert goes: the cloud's alarms and those of the cluster. On AWS, SNS first asks it to confirm.",
        ),
        receiver: z
          .enum(["pagerduty", "slack", "webhook"])
          .optional()
          .describe(
            "Where the cluster's alerts go as well: its integration key or URL is put into the secret `<prefix>-alerts`. Default: nowhere else.",
          ),
      })
      .describe("Where alerts go."),
    retentionDays: count(1, 365).default(15).describe("Days that Prometheus keeps metrics."),
    storageGb: count(10, 16384)
      .default(50)
      .describe("Disk of Prometheus, in GiB; the oldest metrics go before it is full."),
    logRetentionDays: z
      .literal([
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
      ])
      .default(30)
      .describe("Days that the cloud keeps the logs of all containers."),
  })
  .optional()
  .describe(
    "Prometheus, Alertmanager and Grafana in the cluster, alarms of the cloud on database, Redis, files and edge and on the silence of alerts, and the logs of containers in the cloud's store. Recommended where protected. Default: none.",
  );
