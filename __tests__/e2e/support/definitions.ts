import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl, TESTBED } from "./testbed";

/** What the charts and their tests speak to, of the hundreds that the controllers bring: each keeps the API server busy. */
const USED: readonly string[] = [
  "alertmanagers.monitoring.coreos.com",
  "certificates.cert-manager.io",
  "clusterissuers.cert-manager.io",
  "clustersecretstores.external-secrets.io",
  "clusterservingruntimes.serving.kserve.io",
  "ec2nodeclasses.karpenter.k8s.aws",
  "envoyfilters.networking.istio.io",
  "externalsecrets.external-secrets.io",
  "gcpbackendpolicies.networking.gke.io",
  "gcpgatewaypolicies.networking.gke.io",
  "gateways.gateway.networking.k8s.io",
  "gateways.networking.istio.io",
  "healthcheckpolicies.networking.gke.io",
  "httpproxies.projectcontour.io",
  "httproutes.gateway.networking.k8s.io",
  "inferenceservices.serving.kserve.io",
  "ingressroutes.traefik.io",
  "issuers.cert-manager.io",
  "jobsinks.sinks.knative.dev",
  "knativeeventings.operator.knative.dev",
  "knativeservings.operator.knative.dev",
  "middlewares.traefik.io",
  "nodepools.karpenter.sh",
  "pingsources.sources.knative.dev",
  "podmonitors.monitoring.coreos.com",
  "policies.k8s.nginx.org",
  "prometheuses.monitoring.coreos.com",
  "prometheusrules.monitoring.coreos.com",
  "scaledobjects.keda.sh",
  "secretstores.external-secrets.io",
  "servicemonitors.monitoring.coreos.com",
  "services.serving.knative.dev",
  "targetgroupbindings.elbv2.k8s.aws",
  "virtualservers.k8s.nginx.org",
  "virtualservices.networking.istio.io",
];

/** Applies definitions of custom resources out of the folder that the testbed brings, and of GKE's. */
export async function applyDefinitions(names: readonly string[] = USED): Promise<void> {
  const folder = join(TESTBED, "../crds");
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const documents = new Map(
    [...files.map((file) => join(folder, file)), join(__dirname, "gke-policies.yaml")]
      .flatMap((file) => readFileSync(file, "utf8").split(/^---$/m))
      .map((document) => [/^ {2}name: (\S+)$/m.exec(document)?.[1] ?? "", document]),
  );
  const missing = names.filter((name) => !documents.has(name));
  if (missing.length > 0) throw new Error(`there is no definition of ${missing.join(", ")} in ${folder}`);
  const input = names.map((name) => documents.get(name)).join("\n---\n");
  await kubectl(["apply", "--server-side", "--validate=false", "-f", "-"], { input });
  // Served a moment later. "kubectl wait" itself fails on a definition that has no status yet.
  for (let triesLeft = 60; ; triesLeft--) {
    try {
      await kubectl(["get", names.join(","), "--all-namespaces"]);
      return;
    } catch (error) {
      if (triesLeft === 0) throw error;
      await sleep(1000);
    }
  }
}
