import type { CloudSqlDatabase } from "../../constructs/google/cloud-sql-database";
import type { GoogleEnvironment } from "../../environments/defaults";
import { loadEnvironments } from "../../environments/load";
import type { EnvironmentInput } from "../../environments/schema";
import { production } from "../../examples/google/production";
import { GoogleMonitoring } from "../../stacks/google-monitoring";
import { Template } from "../support/template";

function synthesize(input: Partial<EnvironmentInput>): Template {
  const given = { ...production, monitoring: { alerts: { email: "ops@example.edu", receiver: "slack" } }, ...input };
  const [environment] = loadEnvironments([given as EnvironmentInput]);
  const { monitoring: settings } = environment ?? {};
  if (settings === undefined) throw new Error("no environment with monitoring");
  return Template.from((stack) => {
    new GoogleMonitoring(stack, "monitoring", {
      environment: environment as GoogleEnvironment,
      settings,
      clusterName: "cluster",
      database: { instanceNames: ["db"] } as unknown as CloudSqlDatabase,
    });
  });
}

const checks = (input: Partial<EnvironmentInput>) =>
  synthesize(input).resources("google_monitoring_uptime_check_config").length;
const web = (minReplicas: number) => ({ moodle: { ...production.moodle, web: { minReplicas, maxReplicas: 20 } } });

test("a site that has pods at all hours is asked for from outside", () => {
  expect(checks({})).toBe(1);
  expect(checks({ model: "serverless", ...web(1) })).toBe(1);
});

test("a site that sleeps while nobody visits it is not woken", () => {
  expect(checks({ model: "serverless" })).toBe(0);
  expect(checks({ model: "serverless", ...web(0) })).toBe(0);
});

test("a site that is closed to the world is not asked for from there", () => {
  expect(checks({ edge: { type: "gateway", allowedCidrs: ["198.51.100.0/24"] } })).toBe(0);
});
