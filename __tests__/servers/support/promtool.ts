/** Alert rules as Prometheus evaluates them. `promtool` is in Debian's package `prometheus`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";

/** Values of series in promtool's notation, by the series. */
export type Series = Readonly<Record<string, string>>;

/** Like `describe`; every test is skipped where there is no promtool. */
export function describeWithPromtool(name: string, tests: () => void): void {
  const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;
  if (!hasPromtool) console.warn("alerts are not tested: promtool is not installed");
  (hasPromtool ? describe : describe.skip)(name, tests);
}

export const firing = (alert: string) => `count(ALERTS{alertname="${alert}", alertstate="firing"})`;
export const ONE = [{ labels: "{}", value: 1 }];

/** A file of rules. */
export class Rules {
  constructor(
    private readonly rules: string,
    /** Between two samples, and between two evaluations. */
    private readonly interval = "1m",
  ) {}

  /** What `promtool test rules` says of a site that has these series. */
  test(series: Series, checks: object): string {
    const folder = mkdtempSync(join(tmpdir(), "alerts-"));
    const { interval } = this;
    const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }));
    const tests = [{ interval, input_series, ...checks }];
    try {
      writeFileSync(join(folder, "rules.yaml"), this.rules);
      const suite = { rule_files: ["rules.yaml"], evaluation_interval: interval, tests };
      writeFileSync(join(folder, "test.yaml"), stringify(suite));
      const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", join(folder, "test.yaml")]);
      return status === 0 ? "as expected" : `${stdout}${stderr}`;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  evaluate(series: Series, expr: string, eval_time: string, exp_samples: readonly object[]): string {
    return this.test(series, { promql_expr_test: [{ expr, eval_time, exp_samples }] });
  }
}
