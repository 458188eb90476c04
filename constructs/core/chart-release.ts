import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Release } from "@cdktf/provider-helm/lib/release";
import { AssetType, type ITerraformDependable, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import { load } from "js-yaml";
import type { UpstreamChart } from "../versions";
import { refuse } from "./errors";
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
   * `<name>-<version>.tgz` or `<name>/`. A relative folder counts from where the program runs.
   * @default each chart's own repository
   */
  readonly chartRegistry?: string;
  /** Leave the chart's `crds/` folder out, because another release owns them. @default false */
  readonly skipCrds?: boolean;
}

/**
 * One Helm release: `upgrade_install`, so that a first install which fails half-way can simply be applied again, and a
 * timeout that is always explicit.
 *
 * Charts on disk travel with the synthesized stack: their path holds a content hash, without which Terraform would see no
 * change in them, and is the same on every machine.
 *
 * `wait_for_jobs` is left out on purpose: helm 3.1.1 ignores it when it upgrades what a failed first install left
 * behind. A chart whose Job must have succeeded carries it as a hook, which Helm always waits for.
 */
export class ChartRelease extends Construct {
  readonly release: Release;

  constructor(scope: Construct, id: string, props: ChartReleaseProps) {
    super(scope, id);
    const { chart } = props;
    this.release = new Release(this, "release", {
      name: props.releaseName ?? ("local" in chart ? chart.local : chart.name),
      namespace: props.namespace,
      ...("local" in chart ? this.localChart(chart) : this.upstreamChart(chart, props.chartRegistry)),
      values: props.values === undefined ? undefined : helmValues(props.values),
      timeout: props.timeout,
      upgradeInstall: true,
      wait: true,
      skipCrds: props.skipCrds,
      dependsOn: [...props.dependsOn],
    });
  }

  private localChart({ local }: LocalChart) {
    const known = localCharts.get(local) ?? { folder: chartFolder(local) };
    const version = known.version ?? chartVersion(known.folder);
    const { path, assetHash } = new TerraformAsset(this, "chart", {
      path: known.folder,
      type: AssetType.DIRECTORY,
      assetHash: known.assetHash,
    });
    localCharts.set(local, { ...known, version, assetHash });
    return { chart: `./${path}`, version };
  }

  private upstreamChart(chart: UpstreamChart, registry: string | undefined) {
    const { name, version } = chart;
    if (registry === undefined || /^(oci|https):\/\//.test(registry)) {
      return { repository: registry ?? chart.repository, chart: name, version };
    }
    const candidates = [resolve(registry, `${name}-${version}.tgz`), resolve(registry, name)];
    const found = candidates.find((candidate) => existsSync(candidate));
    if (found === undefined) {
      refuse(this.node.path, {
        path: "chartRegistry",
        given: registry,
        allowed: `an oci:// or https:// address, or a folder that holds ${name}-${version}.tgz or ${name}/`,
        remedy: `put the chart there: helm pull ${name} --repo ${chart.repository} --version ${version}`,
      });
    }
    const isArchive = found.endsWith(".tgz");
    const asset = new TerraformAsset(this, "chart", {
      path: found,
      type: isArchive ? AssetType.FILE : AssetType.DIRECTORY,
    });
    return { chart: `./${asset.path}`, version: isArchive ? version : chartVersion(found) };
  }
}

/** What is known of this package's own charts: they do not change while the program runs, and many stacks have them. */
const localCharts = new Map<string, { folder: string; version?: string; assetHash?: string }>();

/**
 * An unpacked chart goes by the version that it says itself: a source tree is stamped only when it is published.
 * Without a version, the plugin plans the installed one, and then fails when a newer chart has been installed.
 */
function chartVersion(folder: string): string {
  return (load(readFileSync(join(folder, "Chart.yaml"), "utf8")) as { version: string }).version;
}

/** The package's own folder holds `charts/`, two levels up from here in the sources and three in `dist`. */
function chartFolder(name: string): string {
  const candidates = [join(__dirname, "../../charts", name), join(__dirname, "../../../charts", name)];
  const folder = candidates.find((candidate) => existsSync(join(candidate, "Chart.yaml")));
  if (folder === undefined) throw new Error(`no chart ${name} in ${candidates.join(" or ")}`);
  return folder;
}
