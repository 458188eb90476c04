import type { KubeObject } from "../api-server/object";
import type { Chart } from "../helm/charts";
import type { Helm, ReleaseName } from "../helm/helm";
import type { ReleaseRecord } from "../helm/records";

/** Whose a release is, where it is not the resource's: the words say what has its name. */
export class ReleaseOwners {
  /** Charts of releases that no resource has taken over yet, by the record that was asked about. */
  private readonly charts = new Map<string, { readonly record?: string; readonly chart: string }>();

  constructor(private readonly helm: Pick<Helm, "chart">) {}

  /** Undefined where the resource may have it: it is its own, there is none, or it is of its chart and nobody's. */
  async otherThan(
    { kind, chart, ...release }: ReleaseName & { readonly kind: string; readonly chart: Chart },
    latest: ReleaseRecord | undefined,
  ): Promise<string | undefined> {
    if (latest === undefined || latest.kind === kind) return undefined;
    if (latest.kind !== undefined) return `a ${latest.kind} of the same name`;
    const inPlace = await this.chartOf(release, latest.object);
    return inPlace === chart.name ? undefined : `the chart ${inPlace}, which is not ${chart.name}`;
  }

  /** Helm is asked once about a record: what is left alone is looked at again and again. */
  private async chartOf({ namespace, name }: ReleaseName, { metadata }: KubeObject): Promise<string> {
    const key = `${namespace}/${name}`;
    const known = this.charts.get(key);
    if (known !== undefined && known.record === metadata.uid) return known.chart;
    const chart = await this.helm.chart({ namespace, name });
    this.charts.set(key, { record: metadata.uid, chart });
    return chart;
  }
}
