import { BudgetsBudget } from "@cdktf/provider-aws/lib/budgets-budget";
import { Construct } from "constructs";

export interface BudgetAlarmProps {
  /** Name of the budget. */
  readonly name: string;
  /** Amount a month, in US dollars. */
  readonly monthlyUsd: number;
  /** Who hears of it. */
  readonly email: string;
}

/**
 * Writes to one address when the account has cost 80 % of the amount, and when it is forecast to cost all of it.
 * It counts the whole account: a budget by tag would stay at zero until someone activates the tag for billing.
 */
export class BudgetAlarm extends Construct {
  constructor(scope: Construct, id: string, props: BudgetAlarmProps) {
    super(scope, id);
    const notify = (notificationType: "ACTUAL" | "FORECASTED", threshold: number) => ({
      notificationType,
      threshold,
      thresholdType: "PERCENTAGE",
      comparisonOperator: "GREATER_THAN",
      subscriberEmailAddresses: [props.email],
    });
    new BudgetsBudget(this, "budget", {
      name: props.name,
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: String(props.monthlyUsd),
      limitUnit: "USD",
      notification: [notify("ACTUAL", 80), notify("FORECASTED", 100)],
    });
  }
}
