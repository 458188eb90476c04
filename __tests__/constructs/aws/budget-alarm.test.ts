import { BudgetAlarm } from "../../../constructs/aws/budget-alarm";
import { Template } from "../../support/template";

const budget = Template.from((stack) => {
  new BudgetAlarm(stack, "budget", { name: "moodle-staging-1", monthlyUsd: 1200.5, email: "ops@example.edu" });
}).only("aws_budgets_budget");

test("counts a month's cost of the whole account, in dollars", () => {
  expect(budget).toMatchObject({
    budget_type: "COST",
    time_unit: "MONTHLY",
    limit_amount: "1200.5",
    limit_unit: "USD",
  });
  expect(budget).not.toHaveProperty("cost_filter");
});

test.each([
  ["ACTUAL", 80],
  ["FORECASTED", 100],
])("writes at %s cost above %i %", (notificationType, threshold) => {
  expect(budget.notification).toContainEqual({
    notification_type: notificationType,
    threshold,
    threshold_type: "PERCENTAGE",
    comparison_operator: "GREATER_THAN",
    subscriber_email_addresses: ["ops@example.edu"],
  });
});
