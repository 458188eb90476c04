/** What an environment says about the site itself. */
import { z } from "zod";
import { MODEL_NAME } from "../constructs/workloads/inference-model";
import { BY_SIZE, count, email, hostname, matching } from "./fields";
import { CRON } from "./sizing/assumptions";

export const moodle = z
  .strictObject({
    version: z
      .enum(["4.5", "5.1", "5.2"])
      .default("4.5")
      .describe("Branch of Moodle. 4.5 is the long-term release; 5.x keeps its files on the shared file system."),
    fileStorage: z
      .enum(["object-store", "shared-files"])
      .default("object-store")
      .describe("Where uploaded files end up: the bucket, through ObjectFS, or the shared file system."),
    siteName: z.string().min(1).max(254).describe("Full name of the site, as its front page shows it."),
    shortName: z.string().min(1).max(100).default("Moodle").describe("Short name of the site, in its navigation bar."),
    adminEmail: email.describe("Address of the first administrator."),
    language: matching(/^[a-z]{2,3}(_[a-z]+)*$/, "a Moodle language code, such as en or de")
      .default("en")
      .describe("Default language of the site."),
    loginRequestsPerMinute: count(10, 1000000)
      .optional()
      .describe(
        "Requests to the pages of the login a minute that are let through: from one address by AWS WAF, by Cloud Armor where the site is open to everybody, by nginx and traefik; altogether for each gateway pod by contour and istio. Not by one Istio that is Knative's as well. Default: twice `sizing.concurrentStudents`, who may all come from one campus.",
      ),
    maxUploadMb: count(1, 4096).default(256).describe("Largest upload, in MiB."),
    web: z
      .strictObject({
        minReplicas: count(0, 200)
          .optional()
          .describe(
            `Web pods kept at all times. Default: 0 where \`model\` is serverless, where alone it may be; else by \`sizing\`.`,
          ),
        maxReplicas: count(1, 500).optional().describe(`Web pods at the highest load. ${BY_SIZE}`),
        cpu: z.number().min(0.5).max(64).optional().describe(`Processors of one web pod. ${BY_SIZE}`),
        memoryMb: count(1024, 262144)
          .optional()
          .describe(`Memory of one web pod, in MiB. Moodle needs at least 1024. ${BY_SIZE}`),
        autoscaling: z
          .strictObject({
            busyWorkersPercent: count(10, 95)
              .default(60)
              .describe("Share of busy workers that scaling aims at, in percent."),
            prometheusAddress: z
              .url({ protocol: /^https?$/, error: "an http:// or https:// address" })
              .optional()
              .describe(
                "Prometheus that scrapes the site, as KEDA reaches it. Default: the platform's own, by `monitoring`.",
              ),
          })
          .optional()
          .describe(
            "Scaling by PHP-FPM's busy workers through KEDA, which the cluster must have. Default: by processors alone.",
          ),
      })
      .prefault({})
      .describe("The pods that answer requests."),
    cron: z
      .strictObject({
        trigger: z
          .enum(["workers", "cron-job", "ping-source"])
          .default("workers")
          .describe(
            "What starts scheduled tasks: workers that wait for them; or a Job every minute, by a CronJob, which starts none while one runs, or by an event of Knative Eventing.",
          ),
        replicas: count(1, 50)
          .default(CRON.replicas)
          .describe("Workers of scheduled tasks; Moodle's own locks share the tasks out among them."),
        memoryMb: count(512, 65536).default(1024).describe("Memory of one cron worker, in MiB."),
      })
      .prefault({})
      .describe("The workers that run scheduled tasks."),
    adhoc: z
      .strictObject({
        replicas: count(0, 50)
          .optional()
          .describe(`Workers of ad-hoc tasks; with 0, those of cron run these too. ${BY_SIZE}`),
        memoryMb: count(512, 65536).default(1024).describe("Memory of one ad-hoc worker, in MiB."),
      })
      .prefault({})
      .describe("The workers that run what people wait for, such as mails of a forum or the copy of a course."),
    mail: z
      .strictObject({
        host: hostname.describe("The relay that takes outgoing mail."),
        port: count(1, 65535).default(587).describe("Its port. 25 is refused: both clouds block it."),
        security: z
          .enum(["starttls", "tls"])
          .optional()
          .describe("STARTTLS, or TLS from the first byte. Default: tls on ports 465 and 2465, else starttls."),
        noReplyAddress: email.optional().describe("Sender of what nobody should answer. Default: noreply@<domain>."),
        login: z
          .boolean()
          .default(true)
          .describe("Whether the relay asks for a name and a password, which the secret `<prefix>-smtp` holds."),
      })
      .optional()
      .describe("Outgoing mail. Default: none, the site sends no mail."),
    ai: z
      .strictObject({
        model: matching(MODEL_NAME, "the name of a model in inference.models").describe(
          "The model that Moodle's AI subsystem asks, in the editor and in courses: a generative one of framework huggingface.",
        ),
        requestsPerUser: count(1, 100000).default(30).describe("Requests of one user an hour."),
        requests: count(1, 1000000).optional().describe("Requests of all users an hour. Default: no limit."),
      })
      .optional()
      .describe(
        "Moodle 4.5's AI subsystem, asking a model of the platform. Default: none, administrators may set it up.",
      ),
    analytics: z
      .strictObject({
        cpu: z.number().min(0.1).max(64).default(1).describe("Its processors."),
        memoryGb: z
          .number()
          .min(1)
          .max(256)
          .default(2)
          .describe("Its memory, in GiB: half of one for each of two processes, and what is learnt from."),
        capacityGb: count(1, 1024).default(5).describe("Its disk for what was learnt, in GiB."),
      })
      .optional()
      .describe(
        "Moodle's Python machine-learning backend as a server in the cluster, which the site's analytics ask. It runs on amd64. Default: none, and Moodle predicts by itself.",
      ),
    antivirus: z.boolean().default(false).describe("Whether a ClamAV of the site's own scans every upload."),
    monitoring: z
      .strictObject({
        namespace: matching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "the name of a namespace").describe(
          "Namespace of Prometheus, which alone may read metrics.",
        ),
        labels: z
          .record(z.string(), z.string())
          .default({})
          .describe("Labels by which Prometheus finds what it scrapes and its rules."),
      })
      .optional()
      .describe(
        "A Prometheus Operator and a Grafana that the cluster has otherwise: the site is scraped, alert rules and a dashboard come with it. Default: the platform's own, where `monitoring` is on.",
      ),
  })
  .describe("The site itself.");
