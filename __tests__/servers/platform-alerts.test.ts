/** The alert rules of charts/monitoring, as Prometheus evaluates them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { describeWithPromtool, ONE, Rules, type Series } from "./support/promtool";

const file = readFileSync(resolve(__dirname, "../../charts/monitoring/files/alerts.yaml"), "utf8");
const prometheus = new Rules(file);

const firing = (alert: string) => {
  const [name, severity] = alert.split(" ");
  return `count(ALERTS{alertname="${name}", severity="${severity}", alertstate="firing"})`;
};
const certificate = (metric: string, labels = "", name = "site-tls") =>
  `certmanager_certificate_${metric}{namespace="moodle", name="${name}"${labels}, pod="cert-manager-1"}`;

const DAY = 86_400;
/** Figures of a certificate: time begins at 0. */
const expiring = (inDays: number, renewal: number, name?: string): Series => ({
  [certificate("expiration_timestamp_seconds", "", name)]: `${inDays * DAY}x200`,
  [certificate("renewal_timestamp_seconds", "", name)]: `${renewal}x200`,
});
const ready = (condition: string, values: string) => ({
  [certificate("ready_status", `, condition="${condition}"`)]: values,
});

/** For each alert a state at which it must fire, and others, close by, at which it must not. */
const CASES: Readonly<Record<string, { readonly at: string; readonly fires: Series; readonly silent: Series }>> = {
  "CertificateExpires warning": {
    at: "90m",
    fires: expiring(14, 0),
    silent: {
      ...expiring(14.1, 0),
      // Of one that lives for six days, cert-manager begins to think of the next with two left.
      ...expiring(6, 4 * DAY, "short-lived"),
      // What was never issued cannot expire.
      ...expiring(0, 0, "new"),
    },
  },
  "CertificateExpires critical": {
    at: "90m",
    fires: expiring(3, 0),
    silent: { ...expiring(3.1, 0), ...expiring(2, 5000, "short-lived"), ...expiring(0, 0, "new") },
  },
  "CertificateNotReady warning": {
    at: "40m",
    fires: { ...ready("True", "0x60"), ...ready("False", "1x60") },
    // The second of two pods, which does not lead, says nothing of certificates.
    silent: { ...ready("True", "0x20 1x60"), ...ready("False", "1x20 0x60") },
  },
};

describeWithPromtool("Prometheus, on the rules of charts/monitoring", () => {
  test("finds every alert tested", () => {
    const [{ rules }] = parse(file).groups;
    expect(Object.keys(CASES)).toEqual(
      rules.map(({ alert, labels }: { alert: string; labels: { severity: string } }) => `${alert} ${labels.severity}`),
    );
  });

  test.each(Object.entries(CASES))("fires %s when it must", (alert, { at, fires }) => {
    expect(prometheus.evaluate(fires, firing(alert), at, ONE)).toBe("as expected");
  });

  test.each(Object.entries(CASES))("keeps %s silent when it must", (alert, { at, silent }) => {
    expect(prometheus.evaluate(silent, firing(alert), at, [])).toBe("as expected");
  });

  test("tells of one that has expired as well, and for how long it is valid in words", () => {
    const expired = { [certificate("expiration_timestamp_seconds")]: "60x200", ...expiring(2, 0, "other") };
    const series = { ...expired, [certificate("renewal_timestamp_seconds")]: "0x200" };
    expect(
      prometheus.evaluate(series, firing("CertificateExpires critical"), "90m", [{ labels: "{}", value: 2 }]),
    ).toBe("as expected");
    const exp_alerts = [
      {
        exp_labels: { severity: "critical", namespace: "moodle", name: "site-tls" },
        exp_annotations: {
          summary: "The certificate site-tls in moodle is about to expire.",
          description: "It has 1d 22h 30m 0s left. Then browsers refuse what it is for.",
          runbook: "docs/monitoring.md#certificateexpires",
        },
      },
    ];
    expect(
      new Rules(file.replace(/- alert: CertificateExpires[\s\S]*?(?=- alert)/, "")).test(expiring(2, 0), {
        alert_rule_test: [{ eval_time: "90m", alertname: "CertificateExpires", exp_alerts }],
      }),
    ).toBe("as expected");
  });
});
