import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BudgetAlarm } from "../../../constructs/google/budget-alarm";
import { Template } from "../../support/template";

describe("BudgetAlarm", () => {
  const template = Template.from(
    (scope) =>
      new BudgetAlarm(scope, "budget", {
        name: "moodle-production-1",
        project: "example-moodle",
        projectNumber: "123456789012",
        billingAccount: "012345-6789AB-CDEF01",
        monthlyAmount: 4000,
        email: "learning-platform@example.edu",
      }),
  );
  const budget = template.only("google_billing_budget");

  test("counts the cost of this project alone, month by month", () => {
    expect(budget.budget_filter).toEqual({ projects: ["projects/123456789012"], calendar_period: "MONTH" });
  });

  test("is in the billing account's own currency", () => {
    expect(budget.amount).toEqual({ specified_amount: { units: "4000" } });
  });

  test("warns at 80 % spent and at 100 % forecast", () => {
    expect(budget.threshold_rules).toEqual([
      { threshold_percent: 0.8, spend_basis: "CURRENT_SPEND" },
      { threshold_percent: 1, spend_basis: "FORECASTED_SPEND" },
    ]);
  });

  test("mails to the given address", () => {
    const [channel] = Object.keys(template.all("google_monitoring_notification_channel"));
    expect(template.only("google_monitoring_notification_channel")).toMatchObject({
      type: "email",
      labels: { email_address: "learning-platform@example.edu" },
    });
    expect(budget.all_updates_rule.monitoring_notification_channels).toEqual([
      `\${google_monitoring_notification_channel.${channel}.name}`,
    ]);
  });

  test("a login of one's own is told, by the guide, to name the project to which its requests count", () => {
    const guide = readFileSync(join(__dirname, "../../../docs/setup/google-cloud.md"), "utf8");
    expect(guide).toMatch(/^ {4}export USER_PROJECT_OVERRIDE=true GOOGLE_BILLING_PROJECT=\$P$/m);
  });
});
