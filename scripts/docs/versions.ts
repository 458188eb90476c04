import {
  BOTTLEROCKET,
  CHARTS,
  IMAGE_TAG,
  KNATIVE,
  KUBERNETES,
  PROVIDERS,
  REDIS_ENGINES,
  TERRAFORM,
  UPSTREAM_IMAGES,
} from "../../constructs/versions";
import { DATABASE_REQUIREMENTS } from "../../environments/shared-rules";
import { code, heading, table } from "./markdown";

/** Where the versions that are not a chart's or a provider's come from. */
const SOURCES = {
  terraform: "https://developer.hashicorp.com/terraform/language/resources/ephemeral",
  kubernetes:
    "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, https://cloud.google.com/kubernetes-engine/docs/release-schedule",
  knative: "https://github.com/knative/operator/tree/knative-v1.23.0/cmd/operator/kodata",
  valkey: "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html",
  bottlerocket: "https://github.com/bottlerocket-os/bottlerocket/releases",
  kubectl: "https://github.com/kubernetes/kubernetes/pull/116672, https://kubernetes.io/releases/",
  clamav: "https://github.com/Cisco-Talos/clamav-docker/blob/main/clamav/README-debian.md",
  postgresql: "https://github.com/docker-library/official-images/blob/master/library/postgres",
  mysql: "https://github.com/docker-library/official-images/blob/master/library/mysql",
  mariadb: "https://github.com/docker-library/official-images/blob/master/library/mariadb",
  storageInitializer: "https://github.com/kserve/kserve/blob/v0.20.0/python/storage-initializer.Dockerfile",
  nginxPrometheusExporter: "https://github.com/nginx/nginx-prometheus-exporter/releases",
  moodle: "https://moodledev.io/general/releases",
};

export function versionsPage(): string {
  return [
    ...heading("Versions"),
    "All of them are in [`constructs/versions.ts`](../constructs/versions.ts), where a dependency updater can read them.",
    "",
    ...table(
      ["what", "version", "source"],
      [
        ["Terraform", code(TERRAFORM), SOURCES.terraform],
        ...Object.entries(PROVIDERS).map(([name, { source, version }]) => [
          `provider ${name}`,
          code(version),
          `https://${source.replace("/hashicorp", "/providers/hashicorp")}/${version}`,
        ]),
        ["Kubernetes, of EKS and GKE", code(KUBERNETES), SOURCES.kubernetes],
        ...Object.values(CHARTS).map(({ name, version, repository }) => [`chart ${name}`, code(version), repository]),
        ["Knative Serving and Eventing", code(KNATIVE), SOURCES.knative],
        ...Object.entries(REDIS_ENGINES).map(([engine, version]) => [
          `ElastiCache ${engine}`,
          code(version),
          SOURCES.valkey,
        ]),
        ...Object.entries(UPSTREAM_IMAGES).map(([name, { repository, tag }]) => [
          `image ${repository}`,
          code(tag),
          SOURCES[name as keyof typeof UPSTREAM_IMAGES],
        ]),
        ["Bottlerocket", code(BOTTLEROCKET), SOURCES.bottlerocket],
        ["the platform's own images", code(IMAGE_TAG), "this package"],
      ],
    ),
    "## Databases that Moodle accepts",
    "",
    `The oldest version of each for a branch of Moodle. Source: ${SOURCES.moodle}`,
    "",
    ...table(
      ["Moodle", "PostgreSQL", "MySQL", "MariaDB"],
      Object.entries(DATABASE_REQUIREMENTS).map(([branch, { postgresql, mysql, mariadb }]) => [
        branch,
        postgresql,
        mysql,
        mariadb,
      ]),
    ),
  ].join("\n");
}
