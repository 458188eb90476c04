import { BillingBudget } from "@cdktf/provider-google/lib/billing-budget";
import { MonitoringNotificationChannel } from "@cdktf/provider-google/lib/monitoring-notification-channel";
import { Construct } from "constructs";

export interface BudgetAlarmProps {
  readonly name: string;
  readonly project: string;
  readonly projectNumber: string;
  /** Id of the billing account, such as `012345-6789AB-CDEF01`. */
  readonly billingAccount: string;
  /** Whole units of the billing account's currency. */
  readonly monthlyAmount: number;
  readonly email: string;
}

/**
 * Mails when the project has cost 80 % of the amount, and when it is forecast to cost all of it. Who deploys it needs
 * `roles/billing.costsManager` on the billing account; with a login of one's own, the provider's `user_project_override` and
 * `billing_project` as well, or the API answers 403:
 * https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs/resources/billing_budget
 */
export class BudgetAlarm extends Construct {
  constructor(scope: Construct, id: string, props: BudgetAlarmProps) {
    super(scope, id);
    const channel = new MonitoringNotificationChannel(this, "channel", {
      project: props.project,
      displayName: `${props.name} budget`,
      type: "email",
      labels: { email_address: props.email },
    });
    new BillingBudget(this, "budget", {
      billingAccount: props.billingAccount,
      displayName: props.name,
      budgetFilter: { projects: [`projects/${props.projectNumber}`], calendarPeriod: "MONTH" },
      amount: { specifiedAmount: { units: String(props.monthlyAmount) } },
      thresholdRules: [
        { thresholdPercent: 0.8, spendBasis: "CURRENT_SPEND" },
        { thresholdPercent: 1, spendBasis: "FORECASTED_SPEND" },
      ],
      allUpdatesRule: { monitoringNotificationChannels: [channel.name], disableDefaultIamRecipients: true },
    });
  }
}
