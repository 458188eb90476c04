import { existsSync } from "node:fs";
import { join } from "node:path";
import { Release } from "@cdktf/provider-helm/lib/release";
import { AssetType, type ITerraformDependable, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import type { UpstreamChart } from "../versions";
import { helmValues } from "./helm-values";

/** A chart of this package, by its folder's name under `charts/`. */
export interface LocalChart {
  readonly local: string;
}

export interface ChartReleaseProps {
  readonly chart: UpstreamChart | LocalChart;
  readonly namespace: string;
  /** @default the chart's name */
  readonly releaseName?: string;
  /** Helm values; tokens are allowed anywhere in them. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Seconds that Helm waits for the release to become ready. */
  readonly timeout: number;
  /** What must exist first: at least the cluster's `ready`. */
  readonly dependsOn: readonly ITerraformDependable[];
  /**
   * Mirror of every upstream chart: an `oci://` or `https://` address, or a local folder that holds
   * `<name>-<version>.tgz` or `<name>/`.
   * @default each chart's own repository
   */
  readonly chartRegistry?: string;
  /** Leave the chart's `crds/` folder out, because another release owns them. @default false */
  readonly skipCrds?: boolean;
}

/**
 * One Helm release: `upgrade_install`, so that a first install which fails half-way can simply be applied again, and a
 * timeout that is always explicit.
 */
export class ChartRelease extends Construct {
  readonly release: Release;

  constructor(scope: Construct, id: string, props: ChartReleaseProps) {
    super(scope, id);
    this.release = new Release(this, "release", {
      name: props.releaseName ?? ("local" in props.chart ? props.chart.local : props.chart.name),
      namespace: props.namespace,
      ...("local" in props.chart ? this.localChart(props.chart) : upstreamChart(props.chart, props.chartRegistry)),
      values: props.values === undefined ? undefined : helmValues(props.values),
      timeout: props.timeout,
      upgradeInstall: true,
      wait: true,
      skipCrds: props.skipCrds,
      dependsOn: [...props.dependsOn],
    });
  }

  /** As an asset, so that its path holds a content hash: Terraform sees no change in a chart whose path stays. */
  private localChart({ local }: LocalChart) {
    const asset = new TerraformAsset(this, "chart", { path: chartFolder(local), type: AssetType.DIRECTORY });
    return { chart: `./${asset.path}` };
  }
}

/** The package's own folder holds `charts/`, two levels up from here in the sources and three in `dist`. */
function chartFolder(name: string): string {
  const candidates = [join(__dirname, "../../charts", name), join(__dirname, "../../../charts", name)];
  const folder = candidates.find((candidate) => existsSync(join(candidate, "Chart.yaml")));
  if (folder === undefined) throw new Error(`no chart ${name} in ${candidates.join(" or ")}`);
  return folder;
}

function upstreamChart(chart: UpstreamChart, registry: string | undefined) {
  if (registry === undefined || /^(oci|https):\/\//.test(registry)) {
    return { repository: registry ?? chart.repository, chart: chart.name, version: chart.version };
  }
  const archive = join(registry, `${chart.name}-${chart.version}.tgz`);
  return { chart: existsSync(archive) ? archive : join(registry, chart.name), version: chart.version };
}
